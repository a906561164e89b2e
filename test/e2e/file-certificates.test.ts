// An agent without a CA and without a token: its certificates are files, mounted and replaced as the kubelet does it.
// The numbers of the facts are those of the list of behaviours in the security specification.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { openRoot } from '../../src/discovery/ca/root.ts';
import { certificatePem, parseCertificates } from '../../src/pki/certificates.ts';
import { issuePair, type Authority } from '../security/authority.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { Pod } from './support/pod.ts';
import { adminCerts, plainSerial, servedSerial, tlsListener } from './support/sds-resources.ts';

const SPIFFE_ID = 'spiffe://cluster.local/ns/default/sa/web';

describe('certificates in files', function () {
  this.timeout(60_000);

  it('44, 51: reach Envoy by the paths of its listener, at every swap of their volume', async () => {
    await using folder = await temporaryDirectory();
    const root = join(folder.path, 'pod');
    const volume = new Volume(join(root, 'certs'));
    const [port = 0] = await freePorts(1);
    await using control = await controlPlane(folder.path, port);
    const mesh = await meshAuthority(folder.path);
    const first = await volume.publish(mesh);

    await using pod = await Pod.start(root, {
      control,
      env: { FILE_MOUNTED_CERTS: 'true', CA_ADDR: '127.0.0.1:1' },
      proxyConfig: {
        proxyMetadata: {
          ISTIO_META_TLS_CLIENT_CERT_CHAIN: 'certs/tls.crt',
          ISTIO_META_TLS_CLIENT_KEY: 'certs/tls.key',
          ISTIO_META_TLS_CLIENT_ROOT_CERT: 'certs/ca.crt',
        },
      },
      prepare: (container) => rm(join(container, 'var/run/secrets'), { recursive: true }),
    });
    await pod.ready();
    const shown: string[] = [];
    const untilShown = (serial: string): Promise<void> =>
      pod.until(async () => {
        const now = servedSerial(await adminCerts(pod.admin('/certs'))) ?? '';
        if (shown.at(-1) !== now) shown.push(now);
        return now === serial;
      });
    await untilShown(first);
    const second = await volume.publish(mesh);
    await untilShown(second);
    const third = await volume.publish(mesh);
    await untilShown(third);

    deepEqual(
      shown.filter((serial) => serial !== ''),
      [first, second, third],
    );
    const log = await pod.log();
    ok(log.includes('Workload is using file mounted certificates. Skipping connecting to CA'));
    equal(log.match(/event for file certificate .*certs\/tls.crt : WRITE, pushing to proxy/g)?.length, 2);
    ok(!log.includes('CA Endpoint'));
  });
});

function controlPlane(folder: string, port: number): Promise<ControlPlane> {
  const secrets = { certificate: 'file-cert:certs/tls.crt~certs/tls.key', anchors: 'file-root:certs/ca.crt' };
  const listener = {
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    ...tlsListener('in', port, secrets),
  };
  return ControlPlane.start(join(folder, 'control'), { config: { 'all.yaml': { resources: [listener] } } });
}

/** That of the control plane, which takes its certificates for a proof of who calls. */
async function meshAuthority(folder: string): Promise<Authority> {
  const issuer = await openRoot(join(folder, 'control/state'), undefined, Date.now());
  return { issuer, rootPem: certificatePem(issuer.certificate) };
}

/** A mounted secret: links to `..data`, which is swapped for every version. */
class Volume {
  readonly #path: string;
  #version = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @returns the serial number of the new certificate */
  async publish(authority: Authority): Promise<string> {
    const { chainPem, keyPem } = await issuePair(authority, [SPIFFE_ID]);
    const files = { 'tls.crt': chainPem, 'tls.key': keyPem, 'ca.crt': authority.rootPem };
    const folder = `..version_${(this.#version += 1)}`;
    await mkdir(join(this.#path, folder), { recursive: true });
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(this.#path, folder, name), content);
    }
    await this.#swap(folder, Object.keys(files));
    return plainSerial(parseCertificates(chainPem)[0]?.serialNumber) ?? '';
  }

  async #swap(folder: string, names: readonly string[]): Promise<void> {
    const data = join(this.#path, '..data');
    const before = await readlink(data).catch(() => undefined); // the first version
    await symlink(folder, `${data}_tmp`);
    await rename(`${data}_tmp`, data);
    if (before !== undefined) return rm(join(this.#path, before), { recursive: true });
    for (const name of names) await symlink(`..data/${name}`, join(this.#path, name));
  }
}
