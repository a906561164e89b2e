import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inspectBootstrap, inspectProxyConfig } from '../../src/agent/inspect.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';

describe('inspectBootstrap', () => {
  it('gives the document with its newline, sections and remarks', async () => {
    const { text, sections, remarks } = await inspectBootstrap(await agentConfig());

    equal(
      (JSON.parse(text) as { node: { id: string } }).node.id.startsWith('sidecar~127.0.0.1~web-1.shop~'),
      true,
    );
    ok(text.endsWith('}\n'));
    ok(sections.includes('- tracing (ProxyConfig tracing is not set)'));
    match(remarks.join('\n'), /^not asked here: the cloud platform/);
  });

  it('names what Envoy gets beside it, and what has no effect', async () => {
    await using folder = await temporaryDirectory();
    const file = join(folder.path, 'own.yaml');
    const env = { ISTIO_BOOTSTRAP_OVERRIDE: file, WASM_PURGE_INTERVAL: '3h' };
    await writeFile(file, 'admin: {}');

    const { remarks } = await inspectBootstrap(await agentConfig({ env }));
    await rm(file);
    const { remarks: without } = await inspectBootstrap(await agentConfig({ env }));

    ok(remarks.includes(`Envoy lays ISTIO_BOOTSTRAP_OVERRIDE ${file} over it`));
    match(without.join('\n'), /^Failed to read bootstrap override: .*own\.yaml/m);
    ok(!without.join('\n').includes('Envoy lays'));
    match(remarks.join('\n'), /without effect in this version: WASM_PURGE_INTERVAL/);
  });

  it('masks secrets, in metadata too', async () => {
    const env = { ISTIO_META_NOTE: 'uses sesame-1', XDS_HEADER_KEY: 'sesame-1' };
    const proxyConfig = { tracing: { lightstep: { address: 'ls:1', accessToken: 'sesame-2' } } };

    const { text } = await inspectBootstrap(await agentConfig({ env, proxyConfig }));

    doesNotMatch(text, /sesame/);
    match(text, /"NOTE": "uses \*\*\*"/);
  });

  it("shows a user's own file, secrets masked", async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'own.yaml');
    await writeFile(path, 'node: {id: mine}\ntoken: sesame\n');

    const { text, sections } = await inspectBootstrap(
      await agentConfig({ proxyConfig: { customConfigFile: path } }),
    );

    equal(text, 'node: {id: mine}\ntoken: ***\n');
    deepEqual(sections, [`${path} is given to Envoy as it is`]);
  });
});

describe('inspectProxyConfig', () => {
  it('has every field sorted by name, with the layer it came from', async () => {
    const fields = inspectProxyConfig(await agentConfig({ proxyConfig: { drainDuration: '30s' } }));

    const names = fields.map(({ name }) => name);
    deepEqual(names.toSorted(), names);
    const drain = fields.find(({ name }) => name === 'drainDuration');
    equal(drain?.value, '30s');
    ok(drain !== undefined && drain.from !== 'default');
    equal(fields.find(({ name }) => name === 'statusPort')?.from, 'default');
  });

  it('masks secrets', async () => {
    const proxyConfig = { proxyMetadata: { CA_HEADER_X: 'sesame', OPEN: 'yes' } };

    const fields = inspectProxyConfig(await agentConfig({ proxyConfig }));

    doesNotMatch(JSON.stringify(fields), /sesame/);
    match(JSON.stringify(fields), /"yes"/);
  });
});
