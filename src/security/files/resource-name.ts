// Names of secrets that are files, as the control plane writes them into a listener.
// Upstream: istio pkg/security/security.go SdsCertificateConfigFromResourceName.

/** Paths as written: they may be relative, and empty. */
export type FileResource =
  | { readonly kind: 'pair'; readonly certificate: string; readonly privateKey: string }
  | { readonly kind: 'root'; readonly path: string };

const PAIR = 'file-cert:';
const ROOT = 'file-root:';
const SEPARATOR = '~';

/** `file-cert:<certificate>~<key>` or `file-root:<path>`; undefined for every other name. */
export function parseFileResource(name: string): FileResource | undefined {
  if (name.startsWith(PAIR)) {
    const [certificate, privateKey, ...more] = name.slice(PAIR.length).split(SEPARATOR);
    if (certificate === undefined || privateKey === undefined || more.length > 0) return undefined;
    return { kind: 'pair', certificate, privateKey };
  }
  if (!name.startsWith(ROOT) || name.includes(SEPARATOR)) return undefined;
  return { kind: 'root', path: name.slice(ROOT.length) };
}
