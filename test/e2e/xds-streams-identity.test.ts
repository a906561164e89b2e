// How an agent proves to the control plane who it is, and how it knows the control plane: seen by streams of both kinds.
// Numbers in titles are those of the list of cases in the specification of the xDS proxy.

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openRoot } from '../../src/discovery/ca/root.ts';
import { certificatePem } from '../../src/pki/certificates.ts';
import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';
import { issuePair, makeAuthority, type Authority } from '../security/authority.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import type { PodOptions } from './support/pod.ts';
import { ask } from './support/xds/envoy-requests.ts';
import { TlsControlPlane } from './support/xds/tls-control-plane.ts';
import { XDS_CONFIG, XdsPod } from './support/xds/xds-pod.ts';

const CLUSTERS = `${CLUSTER_TYPE} 1`;
const SPIFFE_ID = 'spiffe://cluster.local/ns/default/sa/web';
const MOUNTED_ROOT = 'var/run/secrets/istio/root-cert.pem';
const TOKEN = 'var/run/secrets/tokens/istio-token';
const USELESS_TOKEN = 'nobody-accepts-this';

/** A generation for each kind: from its second early end on, an Envoy is let wait. */
const STREAMS: readonly (readonly [kind: Kind, generation: string | undefined])[] = [
  ['sotw', undefined],
  ['delta', '1'],
];

const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

async function assertServed(agent: XdsPod): Promise<void> {
  for (const [kind, generation] of STREAMS) {
    using connection = agent.connect();
    equal(await ask(connection.open(kind, generation)), CLUSTERS, kind);
  }
}

async function assertRefused(agent: XdsPod, code: number, details: RegExp): Promise<void> {
  for (const [kind, generation] of STREAMS) {
    using connection = agent.connect();
    const status = await connection.open(kind, generation).status;
    equal(status.code, code, status.details);
    match(status.details, details);
  }
}

describe('the identity of an agent towards the control plane', function () {
  this.timeout(60_000);
  let folder: TemporaryDirectory;
  let control: ControlPlane;
  /** The control plane's own. */
  let authority: Authority;
  let pods = 0;

  before(async () => {
    folder = await temporaryDirectory();
    const state = join(folder.path, 'control');
    control = await ControlPlane.start(state, { config: XDS_CONFIG });
    const issuer = await openRoot(join(state, 'state'), undefined, Date.now());
    authority = { issuer, rootPem: certificatePem(issuer.certificate) };
  });

  after(async () => {
    await control.close();
    await folder.remove();
  });

  function start(options: Partial<PodOptions>, name = `pod-${pods++}`): Promise<XdsPod> {
    return XdsPod.start(join(folder.path, name), { control, ...options });
  }

  async function lay(root: string, files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(join(root, name, '..'), { recursive: true });
      await writeFile(join(root, name), text);
    }
  }

  function issued(): number {
    return control.recorded.messages().filter((line) => line.startsWith('certificate issued')).length;
  }

  it('14: is a mounted certificate, whatever the token, and no CA is asked', async () => {
    const { chainPem, keyPem } = await issuePair(authority, [SPIFFE_ID]);
    const before = issued();

    await using agent = await start({
      env: { FILE_MOUNTED_CERTS: 'true' },
      proxyConfig: {
        proxyMetadata: {
          ISTIO_META_TLS_CLIENT_CERT_CHAIN: 'mounted/chain.pem',
          ISTIO_META_TLS_CLIENT_KEY: 'mounted/key.pem',
          ISTIO_META_TLS_CLIENT_ROOT_CERT: 'mounted/root.pem',
        },
      },
      prepare: (root) =>
        lay(root, {
          'mounted/chain.pem': chainPem,
          'mounted/key.pem': keyPem,
          'mounted/root.pem': authority.rootPem,
          [MOUNTED_ROOT]: '',
          [TOKEN]: USELESS_TOKEN,
        }),
    });

    await assertServed(agent);
    equal(issued(), before);
  });

  it('15: is the token, when certificates lie in ./etc/certs of which only the root counts', async () => {
    const { chainPem, keyPem } = await issuePair(authority, [SPIFFE_ID]);
    const stranger = await makeAuthority('stranger');

    await using agent = await start({
      env: { CA_ROOT_CA: './etc/certs/root-cert.pem' },
      prepare: (root) =>
        lay(root, {
          'etc/certs/cert-chain.pem': chainPem,
          'etc/certs/key.pem': keyPem,
          'etc/certs/root-cert.pem': authority.rootPem,
          [MOUNTED_ROOT]: stranger.rootPem,
          [TOKEN]: USELESS_TOKEN,
        }),
    });

    await assertRefused(agent, UNAUTHENTICATED, /authentication failure/);
    await writeFile(join(agent.pod.root, TOKEN), await control.token('default', 'web'));
    await assertServed(agent);
  });

  it('16: is the token on the first start of a machine, and what that left on the next; 17: or is left alone', async () => {
    const roots = { CA_ROOT_CA: `./${MOUNTED_ROOT}`, XDS_ROOT_CA: `./${MOUNTED_ROOT}` };
    const env = { ...roots, PROV_CERT: './certs', OUTPUT_CERTS: './certs' };
    const chain = (): Promise<string> => readFile(join(folder.path, 'machine/certs/cert-chain.pem'), 'utf8');
    const run = async (options: Partial<PodOptions>, isSettled: (chainPem: string) => boolean) => {
      await using agent = await start(options, 'machine');
      await agent.pod.until(async () => isSettled(await chain()));
      await assertServed(agent);
      return chain();
    };
    const useless = { prepare: (root: string) => lay(root, { [TOKEN]: USELESS_TOKEN }) };
    await mkdir(join(folder.path, 'machine/certs'), { recursive: true });

    const left = await run({ env }, (pem) => pem !== '');
    const rewritten = await run({ env, ...useless }, (pem) => pem !== left);
    const kept = await run({ env: { ...roots, PROV_CERT: './certs' }, ...useless }, () => true);

    equal(new X509Certificate(left).subjectAltName, `URI:${SPIFFE_ID}`);
    notEqual(rewritten, left);
    equal(kept, rewritten);
  });

  it('17: is the provisioned pair that lies there when a stream begins', async () => {
    await using discovery = await TlsControlPlane.start({ pair: await issuePair(authority, ['127.0.0.1']) });
    const given = await issuePair(authority, [SPIFFE_ID]);
    const later = await issuePair(authority, [SPIFFE_ID]);
    const serial = ({ chainPem }: { chainPem: string }): string => new X509Certificate(chainPem).serialNumber;
    const laid = ({ chainPem, keyPem }: typeof given, root: string): Promise<void> =>
      lay(root, {
        'certs/root-cert.pem': authority.rootPem,
        'certs/cert-chain.pem': chainPem,
        'certs/key.pem': keyPem,
      });

    await using agent = await start({
      env: { PROV_CERT: './certs' },
      proxyConfig: { discoveryAddress: `127.0.0.1:${discovery.port}` },
      prepare: (root) => laid(given, root),
    });
    const shown: (string | undefined)[] = [];
    for (const pair of [given, later]) {
      await laid(pair, agent.pod.root);
      for (const [kind, generation] of STREAMS) {
        using connection = agent.connect();
        connection.open(kind, generation);
        shown.push(discovery.connectionOf(await discovery.streams.next()).certificateSerial);
      }
    }

    deepEqual(shown, [serial(given), serial(given), serial(later), serial(later)]);
  });

  it('18: may be refused at first by CA and discovery service, and counts as soon as it is accepted', async () => {
    await using agent = await start({ prepare: (root) => lay(root, { [TOKEN]: USELESS_TOKEN }) });
    await assertRefused(agent, UNAUTHENTICATED, /authentication failure/);
    await agent.pod.until(async () => (await agent.pod.log()).includes('failed to sign CSR'));

    await writeFile(join(agent.pod.root, TOKEN), await control.token('default', 'web'));

    await assertServed(agent);
    await agent.pod.until(async () => (await agent.pod.log()).includes('generated new workload certificate'));
  });

  it('19: trusts the control plane by the root file of the moment, and says what is wrong with a new one', async () => {
    const stranger = await makeAuthority('stranger');
    await using agent = await start({
      env: { XDS_ROOT_CA: './xds-root.pem' },
      prepare: (root) => lay(root, { 'xds-root.pem': stranger.rootPem }),
    });
    await assertRefused(agent, UNAVAILABLE, /certificate/);

    await writeFile(join(agent.pod.root, 'xds-root.pem'), 'no certificate');
    const warning = 'Failed to init xds proxy dial options: ';
    await agent.pod.until(async () => (await agent.pod.log()).includes(warning));
    await writeFile(join(agent.pod.root, 'xds-root.pem'), authority.rootPem);

    await assertServed(agent);
    ok((await agent.pod.log()).includes(`\twarn\txdsproxy\t${warning}`));
  });
});
