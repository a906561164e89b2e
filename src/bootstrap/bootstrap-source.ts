// Where Envoy's configuration comes from: a file handed over as it is, a user's template, or the built-in one.
// Upstream: pilot/cmd/pilot-agent/app/cmd.go, pkg/bootstrap/instance.go GetEffectiveTemplatePath, pkg/envoy/proxy.go.

/** Paths; empty: not set. */
export interface BootstrapSourceInput {
  /** ProxyConfig.customConfigFile. */
  readonly customConfigFile: string;
  /** ProxyConfig.proxyBootstrapTemplatePath, which `--templateFile` has replaced if given. */
  readonly templatePath: string;
  /** Variable ISTIO_BOOTSTRAP. */
  readonly istioBootstrap: string;
}

/** `custom` goes to Envoy untouched: nothing is rendered, nothing removed afterwards. */
export type BootstrapSource =
  | { readonly kind: 'built-in' }
  | { readonly kind: 'template'; readonly path: string }
  | { readonly kind: 'custom'; readonly path: string };

export function bootstrapSource(input: BootstrapSourceInput): BootstrapSource {
  const { customConfigFile, templatePath, istioBootstrap } = input;
  if (customConfigFile !== '') return { kind: 'custom', path: customConfigFile };
  const path = istioBootstrap || templatePath;
  return path === '' ? { kind: 'built-in' } : { kind: 'template', path };
}

/** Envoy picks its parser by the extension, so the rendered file takes that of its template. */
export function renderedExtension(source: BootstrapSource): 'json' | 'yaml' {
  return source.kind === 'template' && /\.yaml(?:\.tmpl)?$/.test(source.path) ? 'yaml' : 'json';
}
