// The whole agent as a process, with the real Envoy and the embedded control plane. Numbers in titles are those of the
// list of cases in the specification of the xDS proxy.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { SdsClient } from '../sds/sds-client.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { ControlPlane } from './support/control-plane.ts';
import { answeringListener, staticCluster } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';

describe('agent proxy sidecar', function () {
  this.timeout(60_000);

  for (const [kind, delta] of [
    ['delta', 'true'],
    ['state of the world', 'false'],
  ] as const) {
    it(`13: gets ready, serves what ${kind} xDS brings and ends in order`, async () => {
      await using folder = await temporaryDirectory();
      const [port = 0] = await freePorts(1);
      const resources = [answeringListener('hello', port), staticCluster('web', port)];
      await using control = await ControlPlane.start(join(folder.path, 'control'), {
        config: { 'all.yaml': { resources } },
      });
      await using pod = await Pod.start(join(folder.path, 'pod'), {
        control,
        env: { ISTIO_DELTA_XDS: delta },
      });

      await pod.ready();

      equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'hello');
      equal((await fetch(pod.status('/healthz/ready'))).status, 200);
      equal(await workloadName(pod), 'URI:spiffe://cluster.local/ns/default/sa/web');
      deepEqual(await secretNames(pod), ['default', 'ROOTCA']);

      deepEqual(await pod.stop(), { code: 0, signal: null });
      match(await pod.log(), /Agent has successfully terminated/);
      for (const left of [
        'etc/istio/proxy/XDS',
        'etc/istio/proxy/envoy-rev0.json',
        'var/run/secrets/workload-spiffe-uds/socket',
      ]) {
        await access(join(pod.root, left)).then(
          () => ok(false, `${left} is left behind`),
          () => undefined, // gone, as it should be
        );
      }
    });
  }

  it('gets ready although its bootstrap wants an extension that this Envoy lacks, and says so once', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const resources = [answeringListener('hello', port)];
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'all.yaml': { resources } },
    });
    await using pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      env: { PEER_METADATA_DISCOVERY: 'true' },
    });

    await pod.ready();

    const log = await pod.log();
    equal(log.match(/left out of the bootstrap.*: istio\.workload\.BootstrapExtension;/g)?.length, 1);
    match(log, /\tinfo\twrote bootstrap etc\/istio\/proxy\/envoy-rev0\.json\t.*[\da-f]{64}/);
  });
});

interface CertificatePage {
  readonly secrets: readonly {
    readonly name: string;
    readonly certificates: readonly { readonly sans: string }[];
  }[];
}

/** The name in the leaf of the workload's certificate. */
async function secretNames(pod: Pod): Promise<string[]> {
  using client = new SdsClient(join(pod.root, 'var/run/secrets/workload-spiffe-uds/socket'));
  const { secrets } = await client.get('default', 'ROOTCA');
  return secrets.map(({ name }) => name);
}

async function workloadName(pod: Pod): Promise<string | undefined> {
  const { secrets } = (await (await fetch(pod.status('/debug/certs'))).json()) as CertificatePage;
  return secrets.find(({ name }) => name === 'default')?.certificates[0]?.sans;
}
