// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openIdentity, type Identity } from '../../src/agent/identity.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { certificatePem } from '../../src/pki/certificates.ts';
import { parseCsr } from '../../src/pki/csr.ts';
import { issueLeaf } from '../../src/pki/issue.ts';
import { pemTexts } from '../../src/pki/pem.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { AgentError, ConfigError } from '../../src/runtime/errors.ts';
import { loopbackServer } from '../support/http-server.ts';
import { CaClient } from '../../src/security/ca/ca-client.ts';
import {
  issuePair,
  makeAuthority,
  signRequest,
  type Authority,
  type PemPair,
} from '../security/authority.ts';
import { RpcFailure, startCaServer, type Answer, type CaServer } from '../security/ca-server.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';
import { silentMeter } from '../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';

const CLOCK = systemClock();

const UNASKED = new AbortController().signal;
const DEPS = {
  messages: async () => loadMessages(),
  clock: CLOCK,
  random: Math.random,
  meter: silentMeter(),
  fileMeter: { watchFailed: () => undefined, secretFailed: () => undefined },
};

/** The chain or the anchors. */
async function served({ secrets }: Identity, name: string): Promise<string> {
  const item = await secrets.get(name, UNASKED);
  return item.kind === 'trust' ? item.rootPem : item.certificateChainPem;
}

describe('openIdentity', () => {
  let folder: TemporaryDirectory;
  let recorded: RecordingLog;
  let opened: AsyncDisposableStack;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    recorded = recordingLog();
    opened = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await opened.disposeAsync();
    await folder.remove();
  });

  async function open(config: AgentConfig, servesFilesOnly = false): Promise<Identity> {
    const identity = await openIdentity(config, { ...DEPS, log: recorded.log }, servesFilesOnly);
    opened.use(identity.fileCertificates);
    opened.use(identity.secrets);
    return identity;
  }

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

  for (const [env, mode] of [
    [{}, 0o600],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, 0o644],
    [{ KUBERNETES_SERVICE_HOST: '10.0.0.1', OUTPUT_CERTS_MODE: '0640' }, 0o640],
  ] as const) {
    it(`29: writes certificates with mode 0${mode.toString(8)} for ${JSON.stringify(env)}`, async () => {
      const authority = await makeAuthority();
      await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
      const answer: Answer = ({ request }) => signRequest(authority, request.csr, 3_600_000, CLOCK);
      await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
      const { gid } = await stat(folder.path);
      const given = {
        CA_ADDR: `127.0.0.1:${ca.port}`,
        OUTPUT_CERTS: '.',
        OUTPUT_CERTS_GROUP: String(gid),
        SECRET_ROTATION_INTERVAL: '5m',
        ...env,
      };
      const { secrets } = await open(await agentConfig({ env: given, workingDirectory: folder.path }));

      await secrets.get('default', UNASKED);
      const { nextRotationMs = 0, lastSuccessMs = 0 } = secrets.facts();
      await secrets[Symbol.asyncDispose]();

      const written = await stat(join(folder.path, 'key.pem'));
      deepEqual([written.mode & 0o777, written.gid], [mode, gid]);
      ok(nextRotationMs > lastSuccessMs && nextRotationMs <= lastSuccessMs + 5 * 60_000);
    });
  }

  it("shows the token of Google's metadata server, and leaves it in the token's file", async () => {
    const authority = await makeAuthority();
    await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    await mkdir(join(folder.path, 'var/run/secrets/tokens'));
    const answer: Answer = ({ request }) => signRequest(authority, request.csr, 3_600_000, CLOCK);
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    await using cloud = await loopbackServer(({ url, headers }, response) => {
      const isAsked =
        headers['metadata-flavor'] === 'Google' && url?.includes('/identity?audience=td.example&');
      response.writeHead(isAsked ? 200 : 404).end('of the cloud\n');
    });
    const env = {
      CA_ADDR: `127.0.0.1:${ca.port}`,
      TRUST_DOMAIN: 'td.example',
      CREDENTIAL_FETCHER_TYPE: 'GoogleComputeEngine',
      GCE_METADATA_HOST: `127.0.0.1:${cloud.port}`,
    };
    const { secrets } = await open(await agentConfig({ env, workingDirectory: folder.path }));

    await secrets.get('default', new AbortController().signal);
    await secrets[Symbol.asyncDispose]();

    equal(ca.calls[0]?.headers.get('authorization'), 'Bearer of the cloud');
    const path = join(folder.path, 'var/run/secrets/tokens/istio-token');
    equal(await readFile(path, 'utf8'), 'of the cloud');
    equal((await stat(path)).mode & 0o777, 0o640);
  });

  it('tries a CA that does not answer for as long as it is told', async () => {
    const authority = await makeAuthority();
    await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    const answer: Answer = () => new Promise(() => undefined);
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    const limits = { CA_ATTEMPT_TIMEOUT: '100ms', CA_CALL_TIMEOUT: '350ms' };
    const env = { CA_ADDR: `127.0.0.1:${ca.port}`, ...limits };
    const { secrets } = await open(await agentConfig({ env, workingDirectory: folder.path }));

    await rejects(secrets.get('default', new AbortController().signal), /no answer within 350ms$/);
    await secrets[Symbol.asyncDispose]();

    equal(ca.calls.length, 2);
  });

  it('refuses a certificate for another name when it is strict', async () => {
    const authority = await makeAuthority();
    await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
    const answer: Answer = async ({ request }) => {
      const { publicKey } = parseCsr(request.csr);
      const times = { notBeforeMs: CLOCK.now() - 1000, notAfterMs: CLOCK.now() + 60_000 };
      const leaf = await issueLeaf(authority.issuer, {
        ...times,
        publicKey,
        names: ['spiffe://x/ns/a/sa/b'],
      });
      return [certificatePem(leaf), authority.rootPem];
    };
    await using ca = await startCaServer({ authority, names: ['127.0.0.1'], answer });
    const env = { CA_ADDR: `127.0.0.1:${ca.port}`, STRICT_SPIFFE_ID: 'true' };
    const { secrets } = await open(await agentConfig({ env, workingDirectory: folder.path }));

    await rejects(
      secrets.get('default', new AbortController().signal),
      /the CA issued a certificate for spiffe:\/\/x\/ns\/a\/sa\/b, asked was/,
    );
    await secrets[Symbol.asyncDispose]();
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
    it('needs no CA, and serves the secrets of files and no other', async () => {
      const { rootPem } = await makeAuthority();
      await mount('var/run/secrets/istio/root-cert.pem', rootPem);
      const env = { CA_PROVIDER: 'Other', CA_ROOT_CA: '/no/root.pem' };

      const identity = await open(await agentConfig({ env, workingDirectory: folder.path }), true);

      const { secrets, fileCertificates, ca } = identity;
      deepEqual([fileCertificates.fileMounted, ca], [false, undefined]);
      await rejects(secrets.get('default', UNASKED), /attempted to fetch secret, but ca client is nil/);
      equal(await served(identity, 'file-root:var/run/secrets/istio/root-cert.pem'), rootPem);
    });

    it('still needs the root certificate of the discovery service', async () => {
      const opening = open(await agentConfig({ workingDirectory: folder.path }), true);

      await rejects(
        opening,
        /^ConfigError: failed to start xds proxy: .*root CA file for XDS does not exist var/,
      );
    });
  });

  describe('with certificates in files', () => {
    const mounted = 'var/run/secrets/workload-spiffe-credentials';
    let authority: Authority;
    let pair: PemPair;
    before(async () => {
      authority = await makeAuthority();
      pair = await issuePair(authority, ['spiffe://td/ns/a/sa/b']);
    });

    async function mountTrio(
      directory: string,
      [chain, key, root] = ['cert-chain.pem', 'key.pem', 'root-cert.pem'],
    ): Promise<void> {
      await mount(`${directory}/${chain}`, pair.chainPem);
      await mount(`${directory}/${key}`, pair.keyPem);
      await mount(`${directory}/${root}`, authority.rootPem);
    }

    /** A CA that refuses, and what reaches it. */
    const refusing = (): Promise<CaServer> =>
      startCaServer({
        authority,
        names: ['127.0.0.1'],
        answer: () => {
          throw new RpcFailure('PERMISSION_DENIED', 'no');
        },
      });

    it('51: serves files by name without a CA, and shows the pair of the metadata to the discovery service', async () => {
      await mountTrio('m');
      await using server = await startCaServer({
        authority,
        names: ['127.0.0.1'],
        requireClientCertificate: true,
        answer: () => [pair.chainPem, authority.rootPem],
      });
      const address = `127.0.0.1:${server.port}`;
      const proxyMetadata = {
        ISTIO_META_TLS_CLIENT_CERT_CHAIN: 'm/cert-chain.pem',
        ISTIO_META_TLS_CLIENT_KEY: join(folder.path, 'm/key.pem'),
        ISTIO_META_TLS_CLIENT_ROOT_CERT: './m/root-cert.pem',
      };
      const config = await agentConfig({
        env: { FILE_MOUNTED_CERTS: 'true' },
        proxyConfig: { proxyMetadata, discoveryAddress: address },
        workingDirectory: folder.path,
      });

      const identity = await open(config);
      const name = 'file-cert:m/cert-chain.pem~m/key.pem';

      equal(await served(identity, name), pair.chainPem);
      equal(await served(identity, `file-root:${folder.path}/m/root-cert.pem`), authority.rootPem);
      deepEqual([identity.ca, server.calls.length], [undefined, 0]);
      const caller = new CaClient(
        { certSigner: '' },
        { ...DEPS, log: recordingLog().log, dialer: identity.xdsDialer },
      );
      equal((await caller.signCsr('csr', 1, UNASKED)).length, 2);
      equal(server.calls[0]?.headers.has('authorization'), false); // no token was mounted
    });

    it('52: serves those of etc/certs, and asks the CA for nothing', async () => {
      await mountTrio('etc/certs');
      await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
      await using server = await refusing();
      const env = { CA_ADDR: `127.0.0.1:${server.port}` };
      const identity = await open(await agentConfig({ env, workingDirectory: folder.path }));
      const stop = new AbortController();
      const running = identity.secrets.run(stop.signal).catch(() => undefined); // the reason of the signal

      equal(await served(identity, 'default'), pair.chainPem);
      equal(await served(identity, 'ROOTCA'), authority.rootPem.trimEnd());
      stop.abort(new Error('enough'));
      await running;

      notEqual(identity.ca, undefined);
      equal(server.calls.length, 0);
    });

    it('asks the CA when it writes its answers to etc/certs itself', async () => {
      await mountTrio('etc/certs');
      await mount('var/run/secrets/istio/root-cert.pem', authority.rootPem);
      await using server = await refusing();
      const env = { CA_ADDR: `127.0.0.1:${server.port}`, OUTPUT_CERTS: './etc/certs/' };
      const identity = await open(await agentConfig({ env, workingDirectory: folder.path }));

      await rejects(identity.secrets.get('default', UNASKED), /PermissionDenied/);

      equal(server.calls.length, 1);
    });

    it('53: serves those that are mounted for the workload, without a CA', async () => {
      await mountTrio(mounted);
      const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem`, CA_PROVIDER: 'Other' };

      const identity = await open(await agentConfig({ env, workingDirectory: folder.path }));

      equal(identity.ca, undefined);
      equal(await served(identity, 'default'), pair.chainPem);
      equal(await served(identity, 'ROOTCA'), authority.rootPem.trimEnd());
      for (const text of [
        'workload certificate files detected, creating secret manager without caClient',
        'Workload is using file mounted certificates. Skipping connecting to CA',
      ]) {
        equal(recorded.messages('info').includes(text), true);
      }
    });

    it('54: serves those of GKE', async () => {
      await mountTrio(mounted, ['certificates.pem', 'private_key.pem', 'ca_certificates.pem']);
      const env = { CA_PROVIDER: 'GkeWorkloadCertificate', XDS_ROOT_CA: `${mounted}/ca_certificates.pem` };

      const identity = await open(await agentConfig({ env, workingDirectory: folder.path }));

      equal(identity.ca, undefined);
      equal(await served(identity, 'default'), pair.chainPem);
      equal(await served(identity, 'ROOTCA'), authority.rootPem.trimEnd());
    });

    it('28: serves further trust anchors with ROOTCA, and not with the file by its name', async () => {
      await mountTrio(mounted);
      const { rootPem: further } = await makeAuthority('further');
      const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem` };
      const identity = await open(await agentConfig({ env, workingDirectory: folder.path }));

      identity.secrets.setExtraAnchors([further]);

      const merged = (await served(identity, 'ROOTCA')) ?? '';
      deepEqual(new Set(pemTexts(merged)), new Set([...pemTexts(further), ...pemTexts(authority.rootPem)]));
      equal(await served(identity, `file-root:${mounted}/root-cert.pem`), authority.rootPem);
    });

    it('looks for a revocation list unless that is switched off', async () => {
      await mountTrio(mounted);
      const listOf = async (crl: string): Promise<unknown> => {
        const env = { XDS_ROOT_CA: `${mounted}/root-cert.pem`, PILOT_ENABLE_CA_CRL: crl };
        return (await open(await agentConfig({ env, workingDirectory: folder.path }))).fileCertificates.crl;
      };

      notEqual(await listOf('true'), undefined);
      equal(await listOf('false'), undefined);
    });

    it('names the two ways to a root certificate for the discovery service', async () => {
      await mountTrio(mounted);

      const opening = open(await agentConfig({ workingDirectory: folder.path }));

      await rejects(opening, {
        message:
          'failed to start xds proxy: failed to get TLS options to talk to upstream: failed to find root CA cert ' +
          'for XDS: root CA file for XDS does not exist : set XDS_ROOT_CA, or ISTIO_META_TLS_CLIENT_ROOT_CERT in ' +
          'proxyMetadata',
      });
    });

    it('asks the CA when one of the mounted files is missing', async () => {
      await mountTrio(mounted);
      await rm(join(folder.path, mounted, 'key.pem'));

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
