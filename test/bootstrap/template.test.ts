import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { renderBootstrap, type BootstrapDocument } from '../../src/bootstrap/bootstrap.ts';
import { checkCustomConfig } from '../../src/bootstrap/template.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { sidecarBootstrap } from './inputs.ts';

describe("a user's bootstrap template", () => {
  let directory: TemporaryDirectory;
  let path = '';

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'template.yaml');
  });

  afterEach(() => directory.remove());

  async function rendered(text: string): Promise<BootstrapDocument> {
    await writeFile(path, text);
    return renderBootstrap(sidecarBootstrap(), (warning) => assert.fail(warning), { kind: 'template', path });
  }

  it('is YAML with json-e and knows the parameters of upstream', async () => {
    const document = await rendered(
      'node: {id: "${nodeID}", type: "${nodeType}", ns: "${metadata.NAMESPACE}"}\n' +
        'admin: {$eval: config.proxyAdminPort}\n' +
        'san: {$eval: pilot_SAN}\n' +
        'discovery: {$eval: pilot_grpc_address}\n' +
        'tracer: {$if: "zipkin || stackdriver || sts", then: yes}\n',
    );

    assert.deepEqual(document, {
      node: { id: 'sidecar~10.0.0.7~web-6f7c.shop~shop.svc.cluster.local', type: 'sidecar', ns: 'shop' },
      admin: 15000,
      san: [{ exact: 'istiod.istio-system.svc' }],
      discovery: { address: 'istiod.istio-system.svc', port_value: 15012 },
    });
  });

  it('is named when it asks for something unknown', async () => {
    await assert.rejects(rendered('a: "${no_such_parameter}"'), (error: Error) => {
      assert.equal(error.name, 'ConfigError');
      assert.ok(error.message.startsWith(`bootstrap template ${path}: `));
      assert.match(error.message, /no_such_parameter/);
      return true;
    });
  });

  it('is named when it is neither JSON nor YAML, or missing', async () => {
    await assert.rejects(rendered('a: [1'), {
      name: 'ConfigError',
      message: new RegExp(`^bootstrap template ${path}: `),
    });
    const missing = { kind: 'template', path: join(directory.path, 'missing.json') } as const;
    await assert.rejects(
      renderBootstrap(sidecarBootstrap(), () => undefined, missing),
      { name: 'ConfigError', message: /^cannot read Envoy's configuration .*missing\.json: / },
    );
  });

  it('has to give an object', async () => {
    await assert.rejects(rendered('- a list'), {
      name: 'ConfigError',
      message: `bootstrap template ${path} does not give an object`,
    });
  });

  it('is refused with a remedy when it is written for Go', async () => {
    await assert.rejects(rendered('{"node":{"id":"{{ .nodeID }}"}}'), {
      name: 'ConfigError',
      message:
        /template\.yaml is a Go template, .* json-e, .* customConfigFile, .* ISTIO_BOOTSTRAP_OVERRIDE$/,
    });
  });

  it('is refused in place of a custom configuration only when Envoy could not read it', async () => {
    await writeFile(path, '{"a": {{ .nodeID }} }');
    await assert.rejects(checkCustomConfig(path), /is a Go template/);

    await writeFile(path, '{"a": "{{ a text }}"}');
    await checkCustomConfig(path);
  });
});
