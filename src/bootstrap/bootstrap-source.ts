// Where Envoy's configuration comes from: a file handed over as it is, a user's template, or the built-in one.
// Upstream: pilot/cmd/pilot-agent/app/cmd.go, pkg/bootstrap/instance.go GetEffectiveTemplatePath, pkg/envoy/proxy.go.

export interface BootstrapSourceInput {
  /** ProxyConfig.customConfigFile. */
  readonly customConfigFile?: string | undefined;
  /** ProxyConfig.proxyBootstrapTemplatePath. */
  readonly proxyBootstrapTemplatePath?: string | undefined;
  /** `--templateFile`. */
  readonly templateFile?: string | undefined;
  /** Variable ISTIO_BOOTSTRAP. */
  readonly istioBootstrap?: string | undefined;
}

/** `custom` goes to Envoy untouched: nothing is rendered, nothing removed afterwards. */
export type BootstrapSource =
  | { readonly kind: 'built-in' }
  | { readonly kind: 'template'; readonly path: string }
  | { readonly kind: 'custom'; readonly path: string };

export function bootstrapSource(input: BootstrapSourceInput): BootstrapSource {
  if (input.customConfigFile) return { kind: 'custom', path: input.customConfigFile };
  const path = input.istioBootstrap || input.templateFile || input.proxyBootstrapTemplatePath;
  return path ? { kind: 'template', path } : { kind: 'built-in' };
}

/** Envoy picks its parser by the extension, so the rendered file takes that of its template. */
export function renderedExtension(source: BootstrapSource): 'json' | 'yaml' {
  return source.kind === 'template' && /\.yaml(?:\.tmpl)?$/.test(source.path) ? 'yaml' : 'json';
}
