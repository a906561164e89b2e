import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { effectiveBootstrap, type FindLacking } from '../../src/agent/effective-bootstrap.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';
import { nodeFacts } from './support/node-facts.ts';

interface Rendered {
  readonly document: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
}

const nobodyAsked: FindLacking = (wanted) => {
  throw new Error(`asked about ${wanted.map(({ name }) => name).join()}`);
};

async function rendered(given: GivenConfig, findLacking?: FindLacking): Promise<Rendered> {
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const bootstrap = await effectiveBootstrap(await agentConfig(given), nodeFacts(), warn, findLacking);
  ok(bootstrap.kind === 'rendered');
  return { document: bootstrap.document, warnings };
}

function extensions({ document }: Rendered): number {
  return (document['bootstrap_extensions'] as readonly unknown[]).length;
}

describe('effectiveBootstrap', () => {
  it('asks no Envoy about a document without extensions of Istio', async () => {
    equal(extensions(await rendered({}, nobodyAsked)), 1);
  });

  it('asks the Envoy at hand when nobody says which it is, and leaves out what it lacks', async () => {
    const asked: string[] = [];
    const lacksAll: FindLacking = async (wanted) => {
      const names = wanted.map(({ name }) => name);
      asked.push(...names);
      return names;
    };

    const result = await rendered({ nodeType: 'waypoint' }, lacksAll);

    deepEqual(asked, ['istio.workload.BootstrapExtension']);
    equal(extensions(result), 1);
    equal(result.warnings.length, 1);
    match(
      result.warnings[0] ?? '',
      /left out .* lacks it: istio\.workload\.BootstrapExtension; run Istio's Envoy, or /,
    );
  });

  it('believes ENVOY_FLAVOR', async () => {
    const env = { PEER_METADATA_DISCOVERY: 'true' };

    const upstream = await rendered({ env: { ...env, ENVOY_FLAVOR: 'upstream' } }, nobodyAsked);
    const own = await rendered({ env: { ...env, ENVOY_FLAVOR: 'istio-proxy' } }, nobodyAsked);

    equal(extensions(upstream), 1);
    equal(extensions(own), 2);
    deepEqual(own.warnings, []);
  });

  it('names all that it leaves out in one warning', async () => {
    const lightstep = { address: 'lightstep.mesh:443', accessToken: 'token-of-the-test' };
    const env = { PEER_METADATA_DISCOVERY: 'true', ENVOY_FLAVOR: 'upstream' };

    const { document, warnings } = await rendered({ env, proxyConfig: { tracing: { lightstep } } });

    equal(document['tracing'], undefined);
    equal(warnings.length, 1);
    match(warnings[0] ?? '', /istio\.workload\.BootstrapExtension, envoy\.tracers\.lightstep/);
  });

  it('keeps everything when there is no Envoy to ask', async () => {
    equal(extensions(await rendered({ nodeType: 'waypoint' })), 2);
  });

  it("tells a user's template where the root of the control plane is", async () => {
    await using folder = await temporaryDirectory();
    const template = join(folder.path, 'template.json');
    await writeFile(template, '{"root":{"$eval":"xds_root_cert"}}');
    const given = { env: { ISTIO_BOOTSTRAP: template }, workingDirectory: folder.path };

    const missing = await rendered(given);
    await mkdir(join(folder.path, 'etc/certs'), { recursive: true });
    await writeFile(join(folder.path, 'etc/certs/root-cert.pem'), '');
    const found = await rendered(given);

    deepEqual(missing.document, { root: null });
    deepEqual(found.document, { root: 'etc/certs/root-cert.pem' });
  });
});
