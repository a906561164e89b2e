// The static runtime layer: this release's feature guards, then the user's runtimeValues.
// Upstream: pkg/bootstrap/config.go extractRuntimeFlags.

export interface RuntimeLayerInput {
  /** ProxyConfig.runtimeValues. */
  readonly runtimeValues: Readonly<Record<string, string>>;
  /** COMPLIANCE_POLICY; empty when unset. */
  readonly compliancePolicy: string;
  /** HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED. */
  readonly stripFragment: boolean;
}

type RuntimeFlags = Readonly<Record<string, string | boolean>>;

const DEFAULTS: RuntimeFlags = {
  're2.max_program_size.error_level': '32768',
  'envoy.deprecated_features:envoy.config.listener.v3.Listener.hidden_envoy_deprecated_use_original_dst': true,
  'envoy.reloadable_features.http_reject_path_with_fragment': false,
  'envoy.reloadable_features.fixed_heap_use_allocated': true,
  'envoy.reloadable_features.coalesce_lb_rebuilds_on_batch_update': false,
};

/** An empty value deletes a key, a default too; exactly `true` and `false` become booleans. */
export function runtimeFlags(input: RuntimeLayerInput): RuntimeFlags {
  const defaults: RuntimeFlags = {
    ...DEFAULTS,
    ...(input.compliancePolicy === 'fips-140-2' && {
      'envoy.reloadable_features.google_grpc_disable_tls_13': true,
    }),
    ...(!input.stripFragment && {
      'envoy.reloadable_features.http_strip_fragment_from_path_unsafe_if_disabled': 'false',
    }),
  };
  const flags = new Map<string, string | boolean>(Object.entries(defaults));
  for (const [key, value] of Object.entries(input.runtimeValues)) {
    if (value === '') flags.delete(key);
    else flags.set(key, value === 'true' || value === 'false' ? value === 'true' : value);
  }
  return Object.fromEntries(flags);
}
