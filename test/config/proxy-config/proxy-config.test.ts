import assert from 'node:assert/strict';

import { resolveProxyConfig, type ProxyConfigInput } from '../../../src/config/proxy-config/proxy-config.ts';

const nothing: ProxyConfigInput = {
  meshFile: undefined,
  proxyConfig: '',
  annotations: {},
  flags: { concurrency: 0, serviceCluster: 'istio-proxy', templateFile: '', drainMs: undefined },
  cpuLimit: 0,
  cpuCount: 4,
  resolveHost: async () => [],
};

const defaults = {
  configPath: './etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  serviceCluster: 'istio-proxy',
  drainDuration: '45s',
  discoveryAddress: 'istiod.istio-system.svc:15012',
  proxyAdminPort: 15_000,
  controlPlaneAuthPolicy: 'MUTUAL_TLS',
  statNameLength: 189,
  statusPort: 15_020,
  terminationDrainDuration: '5s',
};

async function resolve(changes: Partial<ProxyConfigInput>) {
  const { proxyConfig, notices, ignored } = await resolveProxyConfig({ ...nothing, ...changes });
  const warnings = notices.filter(({ level }) => level !== 'info').map(({ message }) => message);
  return { proxyConfig, warnings, notices, ignored };
}

function withFlags(flags: Partial<ProxyConfigInput['flags']>): Pick<ProxyConfigInput, 'flags'> {
  return { flags: { ...nothing.flags, ...flags } };
}

describe('resolveProxyConfig: layers', () => {
  it('has the built-in defaults when nobody says anything', async () => {
    const { proxyConfig, warnings } = await resolve({});

    assert.deepEqual(proxyConfig.json, defaults);
    assert.deepEqual(warnings, []);
    assert.equal(proxyConfig.drainMs, 45_000);
    assert.equal(proxyConfig.terminationDrainMs, 5000);
    assert.equal(proxyConfig.fileFlushIntervalMs, 1000);
    assert.equal(proxyConfig.concurrency, undefined);
  });

  const overlay =
    'discoveryAddress: foo:123\ncontrolPlaneAuthPolicy: NONE\nproxyMetadata: {SOME: setting}\ndrainDuration: 1s\n';
  for (const [place, input] of [
    ['mesh file', { meshFile: `defaultConfig:\n${overlay.replaceAll(/^/gm, '  ')}\nother: ignored` }],
    ['PROXY_CONFIG', { proxyConfig: overlay }],
    ['annotation', { annotations: { 'proxy.istio.io/config': overlay } }],
  ] as const) {
    it(`takes the same text from the ${place}`, async () => {
      const { proxyConfig } = await resolve(input);

      const { controlPlaneAuthPolicy, ...rest } = defaults;
      assert.equal(controlPlaneAuthPolicy, 'MUTUAL_TLS');
      assert.deepEqual(proxyConfig.json, {
        ...rest,
        discoveryAddress: 'foo:123',
        proxyMetadata: { SOME: 'setting' },
        drainDuration: '1s',
      });
      assert.equal(proxyConfig.controlPlaneAuth, 'NONE');
    });
  }

  it('lays the annotation over PROXY_CONFIG over the mesh file', async () => {
    const { proxyConfig } = await resolve({
      meshFile: [
        'defaultConfig:',
        '  discoveryAddress: file:123',
        '  proxyMetadata: {SOME: setting}',
        '  extraStatTags: [a]',
        '  proxyStatsMatcher: {inclusionPrefixes: [a], inclusionSuffixes: [b], inclusionRegexps: [c]}',
        '  controlPlaneAuthPolicy: NONE',
        '  drainDuration: 1s',
      ].join('\n'),
      proxyConfig: 'discoveryAddress: environment:123\nproxyMetadata:\nOTHER: option\n',
      annotations: {
        'proxy.istio.io/config':
          'discoveryAddress: annotation:123\nproxyMetadata: {ANNOTATION: something}\ndrainDuration: 5s\n' +
          'extraStatTags: [b]\nproxyStatsMatcher: {inclusionPrefixes: [a], inclusionSuffixes: [e]}\n',
      },
    });

    const { json, origins } = proxyConfig;
    assert.equal(json.discoveryAddress, 'annotation:123');
    assert.deepEqual(json.proxyMetadata, { SOME: 'setting', ANNOTATION: 'something' });
    assert.equal(json.drainDuration, '5s');
    assert.deepEqual(json.extraStatTags, ['b']);
    assert.deepEqual(json.proxyStatsMatcher, { inclusionPrefixes: ['a'], inclusionSuffixes: ['e'] });
    assert.equal(proxyConfig.controlPlaneAuth, 'NONE');
    assert.deepEqual(
      [origins.discoveryAddress, origins.controlPlaneAuthPolicy, origins.statusPort],
      ['annotation proxy.istio.io/config', 'mesh file', 'default'],
    );
  });

  it('sees no layer in an empty object, null, and a mesh file without defaultConfig', async () => {
    for (const input of [
      { proxyConfig: '{}\n' },
      { proxyConfig: 'null' },
      { meshFile: 'enableTracing: true' },
    ]) {
      assert.deepEqual((await resolve(input)).proxyConfig.json, defaults);
    }
  });

  it('keeps what a null names', async () => {
    const { proxyConfig } = await resolve({
      meshFile: 'defaultConfig: {concurrency: 3}',
      proxyConfig: '{"concurrency":null}',
    });

    assert.equal(proxyConfig.concurrency, 3);
  });

  it('tells unknown fields with their layer; they change nothing', async () => {
    const { proxyConfig, ignored } = await resolve({
      meshFile: 'defaultConfig: {tracing: {zipkin: {address: "z:1", port: 5}}}\nunknown: 1',
      proxyConfig: '{"drainDurations":"1s"}',
    });

    assert.deepEqual(proxyConfig.json, { ...defaults, tracing: { zipkin: { address: 'z:1' } } });
    assert.deepEqual(ignored, [
      { kind: 'field', text: 'defaultConfig.tracing.zipkin.port (mesh file)' },
      { kind: 'field', text: 'drainDurations (PROXY_CONFIG)' },
    ]);
  });

  it('remembers what was merged into proxyMetadata and proxyHeaders', async () => {
    const { proxyConfig } = await resolve({
      meshFile: 'defaultConfig: {proxyMetadata: {A: a, B: b}, proxyHeaders: {server: {value: s}}}',
      proxyConfig: 'proxyMetadata: {B: c}\nproxyHeaders: {requestId: {disabled: true}}',
    });

    const { origins } = proxyConfig;
    assert.deepEqual(
      ['proxyMetadata.A', 'proxyMetadata.B', 'proxyHeaders.server', 'proxyHeaders.requestId'].map(
        (name) => origins[name],
      ),
      ['mesh file', 'PROXY_CONFIG', 'mesh file', 'PROXY_CONFIG'],
    );
  });

  it('gives the fields in the order they are declared in', async () => {
    const { proxyConfig } = await resolve({ cpuLimit: 2, proxyConfig: 'runtimeValues: {a: b}\nmeshId: m' });

    assert.deepEqual(Object.keys(proxyConfig.json), [
      'configPath',
      'binaryPath',
      'serviceCluster',
      'drainDuration',
      'discoveryAddress',
      'proxyAdminPort',
      'controlPlaneAuthPolicy',
      'statNameLength',
      'concurrency',
      'runtimeValues',
      'statusPort',
      'terminationDrainDuration',
      'meshId',
    ]);
  });

  it('warns where YAML says something twice', async () => {
    const { proxyConfig, warnings } = await resolve({
      proxyConfig: 'statusPort: 1\nstatusPort: 2\n---\nstatusPort: 3',
    });

    assert.equal(proxyConfig.statusPort, 2);
    assert.deepEqual(warnings, [
      'PROXY_CONFIG: only the first YAML document counts, another one starts at line 3, column 1',
      'PROXY_CONFIG: key statusPort is given twice, the last one counts (line 2, column 1)',
    ]);
  });

  it('reads parentShutdownDuration for the agent and keeps it out of the metadata', async () => {
    const { proxyConfig, warnings } = await resolve({ proxyConfig: '{"parentShutdownDuration":"90s"}' });

    assert.equal(proxyConfig.parentShutdownMs, 90_000);
    assert.deepEqual(proxyConfig.json, defaults);
    assert.deepEqual(warnings, []);
  });

  it('hides a tracing token from the log and keeps it in the result', async () => {
    const text = '{"tracing":{"lightstep":{"address":"l:1","accessToken":"s3cret"}}}';

    const { proxyConfig, notices } = await resolve({ proxyConfig: text });

    assert.match(JSON.stringify(proxyConfig.json), /s3cret/);
    assert.doesNotMatch(JSON.stringify(notices), /s3cret/);
  });
});

describe('resolveProxyConfig: bad input', () => {
  const stage = 'failed to get proxy config: failed to unmarshal mesh config from';

  it('refuses PROXY_CONFIG that is not YAML, showing it', async () => {
    await assert.rejects(resolve({ proxyConfig: '{not: [yaml' }), (error: Error) => {
      assert.equal(error.name, 'ConfigError');
      assert.ok(
        error.message.startsWith(`${stage} environment [{not: [yaml]: could not parse proxy config: yaml: `),
        error.message,
      );
      return true;
    });
  });

  it('refuses a mesh file of another shape', async () => {
    await assert.rejects(resolve({ meshFile: 'defaultConfig: text\n' }), {
      message: `${stage} file [defaultConfig: text]: line 1, column 16: defaultConfig: "text" is text, not an object`,
    });
  });

  it('shows a text of several lines on one', async () => {
    await assert.rejects(resolve({ proxyConfig: 'proxyMetadata:\n  A: 1\n' }), (error: Error) => {
      assert.ok(error.message.startsWith(`${stage} environment [proxyMetadata:\\n  A: 1]: `), error.message);
      return !error.message.includes('\n');
    });
  });

  it('refuses a number or boolean where text is wanted, and says to quote it', async () => {
    await assert.rejects(
      resolve({ proxyConfig: 'proxyMetadata:\n  A: 1\n' }),
      /proxyMetadata.A: 1 is a number/,
    );
    const annotations = { 'proxy.istio.io/config': 'proxyMetadata: {A: y}' };
    await assert.rejects(
      resolve({ annotations }),
      /from annotation .*A: y is a boolean, not text; quote it: "y"/s,
    );
  });

  it('refuses what validation finds, all of it at once', async () => {
    await assert.rejects(resolve({ proxyConfig: '{"statusPort":0,"drainDuration":"1500ms"}' }), {
      message:
        'failed to get proxy config: 2 errors occurred:\n' +
        '\t* invalid drain duration: drain time only supports durations to seconds precision (PROXY_CONFIG: drainDuration)\n' +
        '\t* invalid status port: port number 0 must be in the range 1..65535 (PROXY_CONFIG: statusPort)',
    });
  });

  it('does not show a tracing token in an error', async () => {
    const text = 'tracing: {lightstep: {accessToken: s3cret, address: [}}';

    await assert.rejects(resolve({ proxyConfig: text }), (error: Error) => !error.message.includes('s3cret'));
  });
});

describe('resolveProxyConfig: what is added', () => {
  it('takes the CPU limit for an unset concurrency only', async () => {
    assert.equal((await resolve({ cpuLimit: 2 })).proxyConfig.concurrency, 2);
    const explicit = await resolve({ cpuLimit: 2, proxyConfig: '{"concurrency":0}' });
    assert.equal(explicit.proxyConfig.concurrency, 0);
    assert.equal(explicit.proxyConfig.json.concurrency, 0);
    assert.match(explicit.warnings.join(), /concurrency is 0.*4 CPUs, limit 2/);
  });

  it('lets --concurrency win, with a warning', async () => {
    const { proxyConfig, warnings } = await resolve({
      ...withFlags({ concurrency: 6 }),
      cpuLimit: 3,
      proxyConfig: '{"concurrency":1}',
    });

    assert.equal(proxyConfig.concurrency, 6);
    assert.deepEqual(warnings, ['legacy --concurrency=6 flag detected; prefer to use ProxyConfig']);
  });

  it('uses --serviceCluster only where a layer blanks the name', async () => {
    const flags = withFlags({ serviceCluster: 'a.b' });

    assert.equal((await resolve(flags)).proxyConfig.json.serviceCluster, 'istio-proxy');
    const blanked = await resolve({ ...flags, proxyConfig: '{"serviceCluster":""}' });
    assert.equal(blanked.proxyConfig.json.serviceCluster, 'a.b');
  });

  it('uses --templateFile unless the bootstrap is custom', async () => {
    const flags = withFlags({ templateFile: '/t.json' });

    assert.equal((await resolve(flags)).proxyConfig.templatePath, '/t.json');
    const custom = await resolve({ ...flags, proxyConfig: '{"customConfigFile":"/c.json"}' });
    assert.equal(custom.proxyConfig.templatePath, '');
  });

  it('lets --drainDuration win over every layer, and validates it', async () => {
    const { proxyConfig } = await resolve({
      ...withFlags({ drainMs: 2000 }),
      proxyConfig: 'drainDuration: 9s',
    });

    assert.equal(proxyConfig.drainMs, 2000);
    assert.equal(proxyConfig.json.drainDuration, '2s');
    await assert.rejects(resolve(withFlags({ drainMs: 1500 })), /seconds precision/);
  });

  it('resolves the statsd host: the first IPv4 address, else the last one', async () => {
    const proxyConfig = '{"statsdUdpAddress":"statsd.example:9125"}';

    const mixed = await resolve({
      proxyConfig,
      resolveHost: async () => ['fd00::1', '10.0.0.9', '10.0.0.8'],
    });
    const ipv6 = await resolve({ proxyConfig, resolveHost: async () => ['fd00::1', 'fd00::2'] });

    assert.equal(mixed.proxyConfig.json.statsdUdpAddress, '10.0.0.9:9125');
    assert.equal(ipv6.proxyConfig.json.statsdUdpAddress, '[fd00::2]:9125');
  });

  it('goes on without statsd when its host is unknown, with a warning', async () => {
    const resolveHost = async () => Promise.reject(new Error('not found'));

    const { proxyConfig, warnings } = await resolve({
      proxyConfig: '{"statsdUdpAddress":"no:1"}',
      resolveHost,
    });

    assert.equal(proxyConfig.json.statsdUdpAddress, undefined);
    assert.match(warnings.join(), /resolve StatsdUdpAddress no:1 failed, no statsd sink: not found/);
  });

  it('lets two annotations override what was validated', async () => {
    const { proxyConfig } = await resolve({
      annotations: {
        'sidecar.istio.io/discoveryAddress': 'verbatim not validated',
        'status.sidecar.istio.io/port': '0',
      },
    });

    assert.equal(proxyConfig.discoveryAddress, 'verbatim not validated');
    assert.equal(proxyConfig.statusPort, 0);
    assert.equal(proxyConfig.json.statusPort, undefined);
  });

  it('leaves the status port alone when the annotation is not a number', async () => {
    for (const text of ['abc', '', '1.5', '0x10', '99999999999']) {
      const { proxyConfig, ignored } = await resolve({
        annotations: { 'status.sidecar.istio.io/port': text },
      });

      assert.equal(proxyConfig.statusPort, 15_020);
      assert.deepEqual(ignored, [
        { kind: 'annotation', text: `status.sidecar.istio.io/port="${text}" (not a number)` },
      ]);
    }
  });

  it('names the input of what is added', async () => {
    const { proxyConfig } = await resolve({
      ...withFlags({ concurrency: 3, templateFile: '/t', drainMs: 2000, serviceCluster: 's' }),
      proxyConfig: 'serviceCluster: ""',
      annotations: {
        'sidecar.istio.io/discoveryAddress': 'd:1',
        'status.sidecar.istio.io/port': '17020',
      },
    });

    const { origins } = proxyConfig;
    assert.deepEqual(
      [
        origins.concurrency,
        origins.proxyBootstrapTemplatePath,
        origins.drainDuration,
        origins.serviceCluster,
        origins.discoveryAddress,
        origins.statusPort,
      ],
      [
        '--concurrency',
        '--templateFile',
        '--drainDuration',
        '--serviceCluster',
        'annotation sidecar.istio.io/discoveryAddress',
        'annotation status.sidecar.istio.io/port',
      ],
    );
    assert.equal((await resolve({ cpuLimit: 2 })).proxyConfig.origins.concurrency, 'ISTIO_CPU_LIMIT');
  });
});
