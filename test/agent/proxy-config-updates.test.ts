import { deepEqual, rejects } from 'node:assert/strict';

import { ProxyConfigUpdates } from '../../src/agent/proxy-config-updates.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import { makeAuthority } from '../security/authority.ts';
import { recordingLog } from '../support/recording-log.ts';

const messages = loadMessages();

function proxyConfig(...caCertificatesPem: string[]): Buffer {
  return messages.proxyConfig.encode({ caCertificatesPem });
}

class World {
  readonly recorded = recordingLog();
  readonly anchors: (readonly string[])[] = [];
  readonly updates = new ProxyConfigUpdates({
    secrets: { setExtraAnchors: (anchors) => void this.anchors.push(anchors) },
    messages: async () => messages,
    log: this.recorded.log,
  });
}

describe('ProxyConfigUpdates', () => {
  let rootPem: string;
  let otherPem: string;
  before(async () => {
    rootPem = (await makeAuthority('one')).rootPem;
    otherPem = (await makeAuthority('other')).rootPem;
  });

  it('gives on the certificates of each update, and that there are none any more', async () => {
    const world = new World();

    await world.updates.take(proxyConfig(rootPem, `${otherPem}${rootPem}`));
    await world.updates.take(proxyConfig());

    deepEqual(world.anchors, [[rootPem, `${otherPem}${rootPem}`], []]);
  });

  it('takes nothing else of a ProxyConfig', async () => {
    const world = new World();
    const configPath = Buffer.from('\x0a\x04/etc'); // field 1, a text

    await world.updates.take(Buffer.concat([configPath, proxyConfig(rootPem)]));

    deepEqual(world.anchors, [[rootPem]]);
  });

  const refused = [
    { what: 'text that is no PEM', pem: 'no PEM', problem: 'no certificate' },
    { what: 'an empty text', pem: '', problem: 'no certificate' },
    {
      what: 'a block cut short',
      pem: '-----BEGIN CERTIFICATE-----\nMIIB',
      problem: 'malformed PEM, and what follows is not read',
    },
    {
      what: 'a block that holds something else',
      pem: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      problem: 'not an X.509 certificate',
    },
  ];
  for (const { what, pem, problem } of refused) {
    it(`refuses an update with ${what} among good certificates as a whole, and says why`, async () => {
      const world = new World();

      await rejects(world.updates.take(proxyConfig(rootPem, pem)), {
        message: `caCertificatesPem[1]: ${problem}`,
      });

      deepEqual(world.anchors, []);
      deepEqual(world.recorded.messages('error'), [
        `failed to unmarshal proxy config: caCertificatesPem[1]: ${problem}`,
      ]);
    });
  }

  it('refuses bytes that are no ProxyConfig', async () => {
    const world = new World();

    await rejects(world.updates.take(Buffer.from([0x92, 0x02, 0x7f])));

    deepEqual(world.anchors, []);
  });
});
