// What the agent makes of what comes over xDS, with the real Envoy behind: root certificates that reach it, and an
// update it refuses because it lacks an extension.

import { equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { makeAuthority } from '../security/authority.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { inboundListener } from './support/inbound-listener.ts';
import { answeringListener } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';

const FOREIGN_FILTER = 'istio.metadata_exchange';
const SHORT_END = { terminationDrainDuration: '10ms' };

/** A listener with a network filter that only Istio's own Envoy has. */
function foreignListener(port: number): object {
  const listener = answeringListener('foreign', port) as {
    readonly filter_chains: readonly [{ readonly filters: readonly object[] }];
  };
  const filters = [{ name: FOREIGN_FILTER }, ...listener.filter_chains[0].filters];
  return { ...listener, filter_chains: [{ filters }] };
}

describe('what comes over xDS', function () {
  this.timeout(120_000);

  it('makes Envoy trust a root certificate that the control plane sends, with a new certificate of its own', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const { rootPem } = await makeAuthority('elsewhere');
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'mesh.yaml': { resources: [inboundListener(port)] } },
    });
    await using pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      env: { PROXY_CONFIG_XDS_AGENT: 'true' },
      proxyConfig: SHORT_END,
    });
    await pod.ready(60_000);
    const before = await secretsOf(pod);

    await control.write('roots.yaml', { caCertificatesPem: [rootPem] });
    await pod.until(async () => (await secretsOf(pod)).roots.includes(rootPem.trim()));
    await pod.until(async () => (await secretsOf(pod)).chain !== before.chain);
    await control.write('roots.yaml', {});
    await pod.until(async () => (await secretsOf(pod)).roots === before.roots);

    ok(!before.roots.includes(rootPem.trim()));
    for (const pem of [before.roots, before.chain]) match(pem, /^-----BEGIN CERTIFICATE-----/);
  });

  it('names the extension for want of which Envoy refuses a listener, and the remedy', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'mesh.yaml': { resources: [foreignListener(port)] } },
    });
    await using pod = await Pod.start(join(folder.path, 'pod'), { control, proxyConfig: SHORT_END });
    const verbose = async (): Promise<string> => (await fetch(pod.status('/healthz/ready?verbose'))).text();

    await pod.until(async () => (await verbose()).includes(FOREIGN_FILTER), 60_000);
    const text = await verbose();
    for (let probe = 0; probe < 3; probe += 1) await fetch(pod.status('/healthz/ready'));

    match(
      text,
      /^failed envoy-config: config received .* was rejected: .*Didn't find a registered implementation for/m,
    );
    const remedy = new RegExp(
      `this Envoy has no extension ${FOREIGN_FILTER}: run Istio's own Envoy .*ENVOY_FROM=<proxy image>` +
        '.*PILOT_ENABLE_METADATA_EXCHANGE=false',
    );
    match(text, remedy);
    const errors = (await pod.log()).split('\n').filter((line) => line.includes('\terror\t'));
    const named = errors.filter((line) => line.includes(FOREIGN_FILTER));
    equal(named.length, 1, errors.join('\n'));
    match(named[0] ?? '', remedy);
  });
});

interface Inline {
  readonly inline_bytes: string;
}

interface Dump {
  readonly configs: readonly {
    readonly name: string;
    readonly secret?: {
      readonly validation_context?: { readonly trusted_ca: Inline };
      readonly tls_certificate?: { readonly certificate_chain: Inline };
    };
  }[];
}

/** Trust anchors and certificate that Envoy has in use, PEM. */
async function secretsOf(pod: Pod): Promise<{ readonly roots: string; readonly chain: string }> {
  const answer = await fetch(pod.admin('/config_dump?resource=dynamic_active_secrets'));
  const { configs } = (await answer.json()) as Dump;
  const secret = (wanted: string) => configs.find(({ name }) => name === wanted)?.secret;
  return {
    roots: textOf(secret('ROOTCA')?.validation_context?.trusted_ca),
    chain: textOf(secret('default')?.tls_certificate?.certificate_chain),
  };
}

function textOf(inline: Inline | undefined): string {
  return Buffer.from(inline?.inline_bytes ?? '', 'base64').toString();
}
