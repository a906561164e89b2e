// A listener that writes every request into a file.

interface Listener {
  readonly filter_chains: readonly [{ readonly filters: readonly [{ readonly typed_config: object }] }];
}

/** @param path in the folder in which Envoy runs, or absolute */
export function withAccessLog(listener: object, path: string): object {
  const [chain] = (listener as Listener).filter_chains;
  const [filter] = chain.filters;
  const access_log = [
    {
      name: 'envoy.access_loggers.file',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
        path,
      },
    },
  ];
  const logged = { ...filter, typed_config: { ...filter.typed_config, access_log } };
  return { ...listener, filter_chains: [{ ...chain, filters: [logged] }] };
}
