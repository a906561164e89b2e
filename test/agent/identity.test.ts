import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openIdentity, type Identity } from '../../src/agent/identity.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { AgentError, ConfigError } from '../../src/runtime/errors.ts';
import { makeAuthority, signRequest } from '../security/authority.ts';
import { startCaServer, type Answer } from '../security/ca-server.ts';
import { recordingLog } from '../support/recording-log.ts';
import { silentMeter } from '../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';

const CLOCK = systemClock();

function open(config: AgentConfig, servesFilesOnly = false): Promise<Identity> {
  const { log } = recordingLog();
  const deps = {
    messages: async () => loadMessages(),
    clock: CLOCK,
    random: Math.random,
    log,
    meter: silentMeter(),
  };
  return openIdentity(config, deps, servesFilesOnly);
}

describe('openIdentity', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  async function mount(path: string, content: string): Promise<void> {
    const [target, directory] = [join(folder.path, path), join(folder.path, path, '..')];
    await mkdir(directory, { recursive: true });
    await writeFile(target, content);
  }

  it("asks the CA for the workload's certificate with the mounted token, verified by the mounted root", async () => {
    const authority = await makeAuthority();
    await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    await mount('var/run/secrets/tokens/istio-token', 'projected\n');
    const answer: Answer = ({ request }) => signRequest(authority, request.csr, 3_600_000, CLOCK);
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    await mkdir(join(folder.path, 'certs'));
    const env = {
      CA_ADDR: `127.0.0.1:${ca.port}`,
      TRUST_DOMAIN: 'td.example',
      SECRET_TTL: '30m',
      OUTPUT_CERTS: 'certs',
    };
    const { secrets } = await open(await agentConfig({ env, workingDirectory: folder.path }));

    const item = await secrets.get('default', new AbortController().signal);
    await secrets[Symbol.asyncDispose]();

    const pem = item.kind === 'certificate' ? item.certificateChainPem : '';
    equal(new X509Certificate(pem).subjectAltName, 'URI:spiffe://td.example/ns/shop/sa/web');
    deepEqual(
      ca.calls.map(({ headers }) => headers.get('authorization')),
      ['Bearer projected'],
    );
    equal(ca.calls[0]?.request.validityDuration, 1800);
    equal(await readFile(join(folder.path, 'certs/cert-chain.pem'), 'utf8'), pem);
    equal((await stat(join(folder.path, 'certs/key.pem'))).mode & 0o777, 0o600);
  });

  it('refuses to begin without the root certificate, and names it', async () => {
    const opening = open(await agentConfig({ workingDirectory: folder.path }));

    await rejects(opening, (error) => {
      match(String(error), /root CA file for CA .*istio\/root-cert\.pem/);
      return error instanceof ConfigError;
    });
  });

  it('refuses a CA it does not know before it looks for a root certificate', async () => {
    const stage = 'failed to start default Istio SDS server: failed to start workload secret manager';
    for (const [env, provider] of [
      [{ CA_PROVIDER: 'Other' }, 'Other'],
      [{ CA_ADDR: 'meshca.googleapis.com:443' }, 'GoogleCA'],
    ] as const) {
      const opening = open(await agentConfig({ env, workingDirectory: folder.path }));

      await rejects(opening, {
        name: 'ConfigError',
        message: `${stage} CA provider "${provider}" not registered`,
      });
    }
  });

  describe('when another SDS server has the certificate', () => {
    it('needs no CA, and knows no secret', async () => {
      await mount('var/run/secrets/istio/root-cert.pem', (await makeAuthority()).rootPem);
      const env = { CA_PROVIDER: 'Other', CA_ROOT_CA: '/no/root.pem' };

      const { secrets, fileMounted } = await open(
        await agentConfig({ env, workingDirectory: folder.path }),
        true,
      );

      await rejects(secrets.get('default', new AbortController().signal), /unknown resource/);
      equal(fileMounted, false);
    });

    it('still needs the root certificate of the discovery service', async () => {
      const opening = open(await agentConfig({ workingDirectory: folder.path }), true);

      await rejects(
        opening,
        /^ConfigError: failed to start xds proxy: .*root CA file for XDS does not exist var/,
      );
    });
  });

  describe('when certificates are mounted', () => {
    const names = ['cert-chain.pem', 'key.pem', 'root-cert.pem'];
    const mountAll = async (): Promise<void> => {
      for (const name of names) await mount(`var/run/secrets/workload-spiffe-credentials/${name}`, '');
    };

    it('names the two ways to a root certificate for the discovery service', async () => {
      await mountAll();

      const opening = open(await agentConfig({ workingDirectory: folder.path }));

      await rejects(opening, {
        message:
          'failed to start xds proxy: failed to get TLS options to talk to upstream: failed to find root CA cert ' +
          'for XDS: root CA file for XDS does not exist : set XDS_ROOT_CA, or ISTIO_META_TLS_CLIENT_ROOT_CERT in ' +
          'proxyMetadata',
      });
    });

    it('asks no CA, and says why', async () => {
      await mountAll();
      await mount('mine.pem', (await makeAuthority()).rootPem);
      const env = { XDS_ROOT_CA: 'mine.pem', CA_PROVIDER: 'Other' };

      const { fileMounted } = await open(await agentConfig({ env, workingDirectory: folder.path }));

      equal(fileMounted, true);
    });

    it('asks the CA when one of the files is missing', async () => {
      await mountAll();
      await rm(join(folder.path, 'var/run/secrets/workload-spiffe-credentials/key.pem'));

      const opening = open(await agentConfig({ workingDirectory: folder.path }));

      await rejects(opening, /root CA file for CA does not exist/);
    });
  });

  it('refuses a kind of key that does not exist before it looks at anything else', async () => {
    const config = await agentConfig({ env: { WORKLOAD_RSA_KEY_SIZE: '100' } });

    await rejects(open(config), (error) => {
      match(String(error), /100/);
      return error instanceof AgentError;
    });
  });
});
