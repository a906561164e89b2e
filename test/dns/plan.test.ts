import { deepEqual, equal, rejects } from 'node:assert/strict';

import { planDns, type DnsPlan } from '../../src/dns/plan.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { recordingLog } from '../support/recording-log.ts';

const RESOLV_CONF = '/etc/resolv.conf';
const SAVED = '/var/lib/istio/resolv.conf';

interface Given {
  readonly address?: string;
  readonly isRoot?: boolean;
  readonly files?: Readonly<Record<string, string>>;
}

function plan(given: Given = {}, log = recordingLog().log): Promise<DnsPlan> {
  const {
    address = 'localhost:15053',
    isRoot = false,
    files = { [RESOLV_CONF]: 'nameserver 10.0.0.10\n' },
  } = given;
  return planDns({ address, isRoot }, { readText: (path) => Promise.resolve(files[path]), log });
}

describe('planDns', () => {
  it('listens on the loopback addresses whose family the resolvers have', async () => {
    const both = { [RESOLV_CONF]: 'nameserver 10.0.0.10\nnameserver fd00::a\n' };
    const v6 = { [RESOLV_CONF]: 'nameserver fd00::a\n' };

    const [onlyV4, dual, onlyV6] = await Promise.all([plan(), plan({ files: both }), plan({ files: v6 })]);

    deepEqual(onlyV4.listen, [{ host: '127.0.0.1', port: 15053 }]);
    deepEqual(dual.listen, [
      { host: '127.0.0.1', port: 15053 },
      { host: '::1', port: 15053 },
    ]);
    deepEqual(onlyV6.listen, [{ host: '::1', port: 15053 }]);
  });

  it('listens on the name as it is when no resolver has an address', async () => {
    const { listen, resolvers } = await plan({ files: { [RESOLV_CONF]: '' } });

    deepEqual(listen, [{ host: 'localhost', port: 15053 }]);
    deepEqual(resolvers, []);
  });

  it('listens where it is told to', async () => {
    const { listen } = await plan({ address: '[::]:5300' });

    deepEqual(listen, [{ host: '::', port: 5300 }]);
  });

  it('takes the default for an empty address', async () => {
    const { listen } = await plan({ address: '' });

    deepEqual(listen, [{ host: '127.0.0.1', port: 15053 }]);
  });

  it('asks every server at port 53, in order, with the search list of the file', async () => {
    const text = 'nameserver fd00::a\nsearch ns1.svc a\nnameserver 10.0.0.10\n';
    const { resolvers, search } = await plan({ files: { [RESOLV_CONF]: text } });

    deepEqual(resolvers, [
      { host: 'fd00::a', port: 53 },
      { host: '10.0.0.10', port: 53 },
    ]);
    deepEqual(search, ['ns1.svc', 'a']);
  });

  it('asks neither itself nor, in further rounds, more often than the file says', async () => {
    const text = 'nameserver 127.0.0.1\nnameserver 10.0.0.10\noptions attempts:3\n';
    const files = { [RESOLV_CONF]: text };

    const { resolvers, retries } = await plan({ files, address: '127.0.0.1:53', isRoot: true });

    deepEqual(resolvers, [{ host: '10.0.0.10', port: 53 }]);
    equal(retries, 2);
  });

  it('tells which file it has read, and what it said', async () => {
    const saved = { [RESOLV_CONF]: 'nameserver 127.0.0.1\n', [SAVED]: 'nameserver 10.0.0.10\n' };

    const plans = await Promise.all([plan(), plan({ address: 'localhost:53', isRoot: true, files: saved })]);

    deepEqual(
      plans.map(({ resolverFile: { path, text } }) => [path, text]),
      [
        [RESOLV_CONF, 'nameserver 10.0.0.10\n'],
        [SAVED, 'nameserver 10.0.0.10\n'],
      ],
    );
  });

  it('ignores servers that are no address, and names them', async () => {
    const recorded = recordingLog();
    const files = { [RESOLV_CONF]: 'nameserver dns.example\nnameserver 10.0.0.10\n' };

    const { resolvers } = await plan({ files }, recorded.log);

    deepEqual(resolvers, [{ host: '10.0.0.10', port: 53 }]);
    deepEqual(recorded.messages('warn'), ['ignored name servers that are no IP address: dns.example']);
  });

  describe('with an address on port 53', () => {
    it('answers at once as root, and asks the resolvers that were saved', async () => {
      const files = { [RESOLV_CONF]: 'nameserver 127.0.0.1\n', [SAVED]: 'nameserver 10.0.0.10\n' };

      const { listen, resolvers, respondBeforeSync } = await plan({
        address: 'localhost:53',
        isRoot: true,
        files,
      });

      deepEqual(listen, [{ host: '127.0.0.1', port: 53 }]);
      deepEqual(resolvers, [{ host: '10.0.0.10', port: 53 }]);
      equal(respondBeforeSync, true);
    });

    it('asks those of the host when none were saved', async () => {
      const { resolvers } = await plan({ address: '127.0.0.1:53', isRoot: true });

      deepEqual(resolvers, [{ host: '10.0.0.10', port: 53 }]);
    });

    it('takes the default as another user, and says so', async () => {
      const recorded = recordingLog();
      const files = { [RESOLV_CONF]: 'nameserver 10.0.0.10\n', [SAVED]: 'nameserver 10.0.0.20\n' };

      const { listen, resolvers, respondBeforeSync } = await plan(
        { address: '127.0.0.1:53', files },
        recorded.log,
      );

      deepEqual(listen, [{ host: '127.0.0.1', port: 15053 }]);
      deepEqual(resolvers, [{ host: '10.0.0.10', port: 53 }]);
      equal(respondBeforeSync, false);
      deepEqual(recorded.messages('error'), ['DNS address :53 and not running as root, use default']);
    });
  });

  it('does not read what was saved for another port', async () => {
    const files = { [RESOLV_CONF]: 'nameserver 10.0.0.10\n', [SAVED]: 'nameserver 10.0.0.20\n' };

    const { resolvers, respondBeforeSync } = await plan({ isRoot: true, files });

    deepEqual(resolvers, [{ host: '10.0.0.10', port: 53 }]);
    equal(respondBeforeSync, false);
  });

  const wrong: [string, RegExp][] = [
    ['localhost', /^dns address must be a valid host:port: address localhost: missing port in address/],
    ['::1:53x', /too many colons/],
    ['localhost:dns', /dns address must be a valid host:port: address localhost:dns: invalid port/],
    ['localhost:65536', /invalid port/],
  ];
  for (const [address, message] of wrong) {
    it(`refuses ${address}`, async () => {
      await rejects(
        plan({ address }),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    });
  }

  it('refuses to start without a resolver file', async () => {
    await rejects(plan({ files: {} }), { message: 'the resolver file /etc/resolv.conf does not exist' });
  });

  it('refuses a resolver file that cannot be read', async () => {
    const readText = (): Promise<string> => Promise.reject(new Error('EACCES'));
    const planned = planDns({ address: '', isRoot: false }, { readText, log: recordingLog().log });

    await rejects(planned, { message: 'cannot read the resolver file: EACCES' });
  });
});
