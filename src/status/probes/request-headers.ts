// What the application sees of the kubelet's request: all its headers with all their values, and the host it was meant
// for. Configured headers are not added: the kubelet has sent them.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleAppProbeHTTPGet.

/** They speak of one connection, or of a body, and the onward request is another connection and has no body. */
const OWN = new Set(['connection', 'content-length', 'host', 'trailer', 'transfer-encoding']);

/** `host:port` or `[host]:port`. */
const HOST_AND_PORT = /^([^:[\]]*|\[[^[\]]*\]):(\d+)$/;

/** @returns names and values in turn; without Host */
export function forwardedHeaders(rawHeaders: readonly string[], keepAlive: boolean): readonly string[] {
  const headers: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [rawHeaders[at], rawHeaders[at + 1]];
    if (!OWN.has(name.toLowerCase())) headers.push(name, value);
  }
  if (!keepAlive) headers.push('Connection', 'close');
  return headers;
}

/** The Host for the application: where it names the status port, the application's port takes its place. */
export function applicationHost(host: string, statusPort: number, appPort: number): string {
  const [, name, port] = HOST_AND_PORT.exec(host) ?? [];
  return port !== undefined && Number(port) === statusPort ? `${name}:${appPort}` : host;
}
