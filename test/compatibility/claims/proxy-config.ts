// Fields of ProxyConfig and annotations of the pod.

import { differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

const TOLD = 'agent/bootstrap-settings.test.ts: tells the control plane of fields that are for it alone';
const BOOTSTRAP = 'agent/bootstrap-settings.test.ts: has the ports, sinks and limits of ProxyConfig';
const CONFIG = 'config/proxy-config/proxy-config.test.ts';
const COMMAND_LINE = 'agent/envoy-settings.test.ts: gives Envoy the command line the configuration asks for';
const STATS = 'bootstrap/stats-config.test.ts';

export const proxyConfigFields: Subject = {
  title: 'Fields of ProxyConfig',
  introduction: 'In the mesh file, in `PROXY_CONFIG` and in the annotation `proxy.istio.io/config`.',
  column: 'Field',
  names: 'code',
  claims: {
    configPath: works(
      'bootstrap/bootstrap.test.ts: reach the agent over the sockets of the workload and of the configuration directory',
    ),
    binaryPath: differs(
      'As in 1.31; unless somebody names it, `ENVOY_PATH` and `PATH` are looked at where the default is missing.',
      'envoy/process/binary.test.ts: takes the default place, then ENVOY_PATH, then PATH',
    ),
    serviceCluster: works('node/cluster.test.ts: keeps a configured name'),
    tracingServiceName: works(
      'node/cluster.test.ts: prefers the canonical label for a canonical tracing name',
      'config/proxy-config/merge.test.ts: lets one cluster name clear the other; in one layer tracingServiceName wins',
    ),
    drainDuration: works(
      COMMAND_LINE,
      'config/proxy-config/validation.test.ts: wants a drain of whole seconds',
    ),
    discoveryAddress: works(
      'bootstrap/bootstrap.test.ts: refuses a discovery address that is none',
      'node/pilot-san.test.ts: is the discovery host',
    ),
    discoveryRefreshDelay: works(TOLD),
    zipkinAddress: works(TOLD),
    statsdUdpAddress: works(
      BOOTSTRAP,
      `${CONFIG}: resolves the statsd host: the first IPv4 address, else the last one`,
    ),
    envoyMetricsServiceAddress: differs(
      'Used where `envoyMetricsService` is missing; 1.31 ends with 2 then.',
      'bootstrap/remote-services.test.ts: falls back to the deprecated plain address, without TLS',
    ),
    proxyAdminPort: works(BOOTSTRAP),
    availabilityZone: works(TOLD),
    controlPlaneAuthPolicy: works(
      'config/agent-config.test.ts: speak plaintext to the control plane only when the policy says so',
    ),
    customConfigFile: works(
      "agent/bootstrap-writer.test.ts: hands a user's file over as it is, and never removes it",
    ),
    statNameLength: works(TOLD),
    concurrency: works(`${CONFIG}: takes the CPU limit for an unset concurrency only`),
    proxyBootstrapTemplatePath: differs(
      'Templates are YAML or JSON with json-e; one written for Go is refused, with the remedy.',
      "agent/bootstrap-writer.test.ts: renders a user's template, YAML to YAML",
      'bootstrap/bootstrap-source.test.ts: prefers the variable over the configuration',
      'bootstrap/template.test.ts: is refused with a remedy when it is written for Go',
    ),
    interceptionMode: works(TOLD),
    tracing: works(
      BOOTSTRAP,
      'bootstrap/remote-services.test.ts: is Datadog under the name of the service',
      'bootstrap/remote-services.test.ts: needs a project for Stackdriver',
    ),
    sds: works(TOLD),
    envoyAccessLogService: works(BOOTSTRAP, 'bootstrap/remote-services.test.ts: is a sink of its own'),
    envoyMetricsService: works(
      BOOTSTRAP,
      'bootstrap/remote-services.test.ts: has a cluster, a sink and keepalive in whole seconds',
    ),
    proxyMetadata: works(
      'config/proxy-config/merge.test.ts: merges proxyMetadata key by key, other maps not',
      'node/raw-metadata.test.ts: lets environment text win over proxyMetadata, and JSON over both',
    ),
    runtimeValues: works(BOOTSTRAP, 'bootstrap/runtime-layer.test.ts: lose a default that the user empties'),
    statusPort: works(
      'agent/agent.test.ts: opens no status port when that is 0',
      'agent/status.test.ts: takes ports, targets and visibility from the configuration',
    ),
    extraStatTags: works(BOOTSTRAP),
    gatewayTopology: works(TOLD),
    terminationDrainDuration: works(
      'e2e/shutdown-sequences.test.ts: a sidecar ends 5 s after SIGTERM, with 2 s of its own after 2 s, with nothing left and code 0',
    ),
    meshId: works(TOLD),
    readinessProbe: notYet(
      'The health of an application on a machine is not reported to the control plane; setting it is said to have no effect.',
      'agent/unsupported.test.ts: names what is set and does nothing',
    ),
    proxyStatsMatcher: works(BOOTSTRAP, `${STATS}: always keeps what the agent reads`),
    holdApplicationUntilProxyStarts: works(
      TOLD,
      'cli/wait.test.ts: asks after each period until the answer is 200',
    ),
    caCertificatesPem: works(
      'agent/proxy-config-updates.test.ts: gives on the certificates of each update, and that there are none any more',
    ),
    image: works(TOLD),
    privateKeyProvider: works(
      'sds/server.test.ts: 75: puts keys into the configuration of the provider it is told of, those of files too',
    ),
    proxyHeaders: works(
      TOLD,
      'config/proxy-config/merge.test.ts: keeps five members of proxyHeaders that the new layer leaves out',
    ),
    fileFlushInterval: works(COMMAND_LINE),
    fileFlushMinSizeKb: works(COMMAND_LINE, 'envoy/process/arguments.test.ts: leaves out what is not set'),
    statsCompression: works(
      'agent/bootstrap-settings.test.ts: leaves statistics as they are with statsCompression: false',
    ),
    connectionSettings: works(
      TOLD,
      'config/proxy-config/validation.test.ts: checks key providers and connection settings',
    ),
    parentShutdownDuration: differs(
      '1.31 ignores it; here it is how long an old Envoy lives after a hot restart.',
      `${CONFIG}: reads parentShutdownDuration for the agent and keeps it out of the metadata`,
    ),
  },
};

export const configuration: Subject = {
  title: 'How ProxyConfig is put together',
  introduction: '',
  column: 'Matter',
  names: 'text',
  claims: {
    Defaults: works(`${CONFIG}: has the built-in defaults when nobody says anything`),
    'Mesh file, variable, annotation: the later one wins': works(
      `${CONFIG}: lays the annotation over PROXY_CONFIG over the mesh file`,
    ),
    'Lists and messages are replaced, proxyMetadata is merged': works(
      'config/proxy-config/merge.test.ts: replaces scalars, lists and whole messages, and keeps what is not named',
    ),
    'YAML 1.1: a bare yes, no, on, off is no text': works(
      `${CONFIG}: refuses a number or boolean where text is wanted, and says to quote it`,
    ),
    'Both spellings of names, durations as Go writes them': works(
      'config/proxy-config/proto-json.test.ts: takes both spellings of a name; camelCase wins',
    ),
    'Unknown fields': worksAnd(
      'Ignored; one warning names them with their layer.',
      `${CONFIG}: tells unknown fields with their layer; they change nothing`,
    ),
    Validation: worksAnd(
      'Each line ends with the input that set the field.',
      'config/proxy-config/validation.test.ts: puts each problem on a line of its own, with the input that set the field',
    ),
    'Documents twice, keys twice': worksAnd(
      'With a warning.',
      `${CONFIG}: warns where YAML says something twice`,
    ),
    'A changed mesh file or annotation': differs(
      '1.31 reads them once; here they cause a hot restart when they change what Envoy is started with.',
      'agent/restart-watcher.test.ts: U17 asks for a restart, if something changed, when a volume was swapped',
      'e2e/bad-input.test.ts: goes on with the old Envoy when the next one would be refused, and restarts once that is corrected',
    ),
  },
};

export const annotations: Subject = {
  title: 'Annotations and labels the agent reads',
  introduction: 'From the files of the downward API.',
  column: 'Name',
  names: 'code',
  claims: {
    'proxy.istio.io/config': works(`${CONFIG}: lays the annotation over PROXY_CONFIG over the mesh file`),
    'sidecar.istio.io/discoveryAddress': works(`${CONFIG}: lets two annotations override what was validated`),
    'status.sidecar.istio.io/port': differs(
      'As in 1.31. A text that is no number leaves the port alone, with a warning; in 1.31 it turns the status port off.',
      `${CONFIG}: lets two annotations override what was validated`,
      `${CONFIG}: leaves the status port alone when the annotation is not a number`,
    ),
    'traffic.sidecar.istio.io/excludeInterfaces': works(
      'node/instance-addresses.test.ts: leaves out the addresses of excluded interfaces',
    ),
    'sidecar.istio.io/extraStatTags': works(`${STATS}: adds annotated tags to configured ones, each once`),
    'sidecar.istio.io/statsInclusionPrefixes, sidecar.istio.io/statsInclusionSuffixes, sidecar.istio.io/statsInclusionRegexps':
      differs(
        'As in 1.31; an expression that Envoy could not read is left out with an error, where it would keep Envoy from starting.',
        `${STATS}: lets an annotation replace the configured list, and puts both before the required part`,
        `${STATS}: drops an expression that Envoy could not read, and names where it stands`,
      ),
    'sidecar.istio.io/statsHistogramBuckets': works(
      `${STATS}: sorts histogram buckets and drops those that Envoy refuses`,
    ),
    'sidecar.istio.io/statsFlushInterval, sidecar.istio.io/statsEvictionInterval': works(
      'bootstrap/stats-intervals.test.ts: are written as Envoy reads them',
    ),
    'topology.istio.io/locality, istio-locality': works('node/locality.test.ts: prefers the topology label'),
    'service.istio.io/canonical-name, app.kubernetes.io/name, app': works(
      'node/cluster.test.ts: takes the placeholder for no name and prefers the app label',
    ),
  },
};

export const proxyMetadataKeys: Subject = {
  title: 'Keys of proxyMetadata',
  introduction:
    'Those the agent itself looks at; all that begin with `ISTIO_META_` go into the metadata of the node.',
  column: 'Key',
  names: 'code',
  claims: {
    'ISTIO_META_TLS_CLIENT_CERT_CHAIN, ISTIO_META_TLS_CLIENT_KEY, ISTIO_META_TLS_CLIENT_ROOT_CERT': works(
      'config/agent-config.test.ts: take client files from proxyMetadata',
      'agent/identity-files.test.ts: 51: serves files by name without a CA, and shows the pair of the metadata to the discovery service',
    ),
    ISTIO_META_ENABLE_HBONE: works(
      'node/node.test.ts: takes METADATA_DISCOVERY from HBONE unless it is set itself',
    ),
    ISTIO_META_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS: works(
      'bootstrap/connection-limit.test.ts: prefers proxyMetadata over runtimeValues',
    ),
    ISTIO_META_LOAD_STATS_CONFIG_JSON: works(
      'bootstrap/load-stats.test.ts: is the JSON of the node metadata',
    ),
    ISTIO_META_DNS_AUTO_ALLOCATE: worksAnd(
      'A warning calls it useless, as in 1.31.',
      'config/proxy-config/validation.test.ts: names deprecated and useless settings',
    ),
    METRICS_LOCALHOST_ACCESS_ONLY: works(
      'config/agent-config.test.ts: restricts metrics by exactly one proxyMetadata text',
    ),
  },
};
