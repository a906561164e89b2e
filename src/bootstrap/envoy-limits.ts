// What Envoy refuses although every value looks right by itself: two servers on one port, a socket's path that is too
// long, a document nested too deep. Envoy would only say so after it was started, and name no setting.

import type { Node } from '../node/node.ts';
import type { ProxyConfigJson } from '../node/proxy-config-json.ts';
import { ConfigError } from '../runtime/errors.ts';

/** Objects and lists in each other, the document included; measured with Envoy 1.40. */
export const MAX_NESTING = 100;

/** Bytes of a Unix socket's path, without the closing zero. */
const MAX_SOCKET_PATH_BYTES = 107;

const MAX_PORT = 65_535;

/** @throws ConfigError naming the settings that do not go together, or the one that goes too far */
export function checkLimits({ typed }: Node, proxyConfig: ProxyConfigJson): void {
  checkPorts([
    ['proxyAdminPort', proxyConfig.proxyAdminPort ?? 0],
    ['statusPort', proxyConfig.statusPort ?? 0],
    ['ENVOY_STATUS_PORT', typed.ENVOY_STATUS_PORT],
    ['ENVOY_PROMETHEUS_PORT', typed.ENVOY_PROMETHEUS_PORT],
    ['ENVOY_SECURE_METRICS_PORT', Math.max(0, typed.ENVOY_SECURE_METRICS_PORT)],
    ['ENVOY_SECURE_MERGED_METRICS_PORT', Math.max(0, typed.ENVOY_SECURE_MERGED_METRICS_PORT)],
  ]);
  checkSocketPath('configPath', `${proxyConfig.configPath ?? ''}/XDS`);
  const file = typed.WORKLOAD_IDENTITY_SOCKET_FILE;
  checkSocketPath('WORKLOAD_IDENTITY_SOCKET_FILE', `./var/run/secrets/workload-spiffe-uds/${file}`);
}

/** 0 opens no port, or any free one. */
function checkPorts(ports: readonly (readonly [name: string, port: number])[]): void {
  const taken = new Map<number, string>();
  for (const [name, port] of ports) {
    if (port < 0 || port > MAX_PORT) throw new ConfigError(`${name} ${port} is no port: 1 to ${MAX_PORT}`);
    const other = taken.get(port);
    if (port !== 0 && other !== undefined) throw new ConfigError(`${other} and ${name} are both ${port}`);
    taken.set(port, name);
  }
}

function checkSocketPath(name: string, path: string): void {
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return;
  throw new ConfigError(`${name}: socket path ${path} is longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
}
