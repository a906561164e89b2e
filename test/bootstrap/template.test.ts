import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { renderBootstrap, type BootstrapDocument } from '../../src/bootstrap/bootstrap.ts';
import { checkCustomConfig } from '../../src/bootstrap/template.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { sidecarBootstrap } from './inputs.ts';

/** Names of parameters; half of them have no value in a plain sidecar. */
const SET = `
  config metadata nodeID nodeType cluster meta_json_str runtime_flags xds_type metadata_discovery
  discovery_host discovery_address pilot_grpc_address pilot_SAN localhost wildcard dual_stack
  dns_lookup_family log_json envoy_status_port envoy_prometheus_port secure_metrics_port
  secure_merged_metrics_port sts envoy_status_port_enable_proxy_protocol enable_self_discovery
  metrics_localhost_access_only global_downstream_max_connections workload_identity_socket_file
  envoy_metrics_stats_compression extraStatTags inclusionPrefix inclusionSuffix inclusionRegexps
  histogram_buckets stackdriver stackdriverDebug
`;

const UNSET = `
  region zone sub_zone xds_root_cert additional_localhost additional_wildcard outlier_log_path
  custom_file_path zipkin lightstep lightstepToken datadog statsd tracing_tls
  stackdriverMaxAnnotations stackdriverMaxAttributes stackdriverMaxEvents
  envoy_metrics_service_address envoy_metrics_service_tls envoy_metrics_service_tcp_keepalive
  envoy_accesslog_service_address envoy_accesslog_service_tls envoy_accesslog_service_tcp_keepalive
  stats_flush_interval stats_eviction_interval load_stats_config_json_str sts_port gcp_project_id
  gcp_project_number
`;

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

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

  it('is offered every parameter that upstream offers, null when nothing is configured', async () => {
    const names = words(SET + UNSET);

    const { values } = (await rendered(
      JSON.stringify({ values: names.map((name) => ({ $eval: name })) }),
    )) as unknown as { readonly values: readonly unknown[] };

    const unset = names.filter((_, index) => values[index] === null);
    assert.deepEqual(unset, words(UNSET));
  });

  it('may not lie deeper in itself than Envoy reads', async () => {
    const around = (levels: number): string =>
      `{"a":${'['.repeat(levels)}{"$eval":"pilot_SAN"}${']'.repeat(levels)}}`;

    await rendered(around(97));
    await assert.rejects(rendered(around(98)), {
      name: 'ConfigError',
      message: /more than 100 nested levels$/,
    });
    await assert.rejects(rendered(around(20_000)), { name: 'ConfigError' });
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
      { name: 'ConfigError', message: /^cannot read bootstrap template .*missing\.json: / },
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
