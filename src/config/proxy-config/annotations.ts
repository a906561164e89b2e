// The two annotations that win over every layer of ProxyConfig. They come after validation and are not validated.
// Upstream: pilot/cmd/pilot-agent/config/config.go.

import type { JsonObject, TextMap } from '../../runtime/json.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import { addressProblem } from '../address.ts';
import type { IgnoredInput } from '../ignored.ts';
import { warning, type Notice } from '../notices.ts';
import { goInt } from '../parsers.ts';
import type { Origins } from './layers.ts';

export interface FieldsWithOrigins {
  /** Canonical form, zero values kept. */
  readonly config: JsonObject;
  readonly origins: Origins;
}

export interface OverriddenProxyConfig extends FieldsWithOrigins {
  readonly notices: readonly Notice[];
  readonly ignored: readonly IgnoredInput[];
}

const DISCOVERY_ADDRESS = 'sidecar.istio.io/discoveryAddress';
const STATUS_PORT = 'status.sidecar.istio.io/port';

/** Upstream switches the status server off when the port is no number; a pod is better served by the one it had. */
export function overrideByAnnotations(
  { config, origins }: FieldsWithOrigins,
  annotations: TextMap,
): OverriddenProxyConfig {
  const address = annotations[DISCOVERY_ADDRESS];
  const port = annotations[STATUS_PORT];
  const statusPort = port === undefined ? undefined : int32(port);
  const isIgnored = port !== undefined && statusPort === undefined;
  return {
    config: {
      ...config,
      ...(address !== undefined && { discoveryAddress: address }),
      ...(statusPort !== undefined && { statusPort }),
    },
    origins: {
      ...origins,
      ...(address !== undefined && { discoveryAddress: `annotation ${DISCOVERY_ADDRESS}` }),
      ...(statusPort !== undefined && { statusPort: `annotation ${STATUS_PORT}` }),
    },
    notices: discoveryNotices(address),
    ignored: isIgnored
      ? [{ kind: 'annotation', text: `${STATUS_PORT}="${excerpt(port)}" (not a number)` }]
      : [],
  };
}

/** It counts all the same, and whoever parses it later does not know where it is from. */
function discoveryNotices(address: string | undefined): readonly Notice[] {
  const problem = address === undefined ? undefined : addressProblem(address);
  return problem === undefined ? [] : [warning(`annotation ${DISCOVERY_ADDRESS}: ${problem}`)];
}

function int32(text: string): number | undefined {
  const value = goInt.parse(text);
  return value !== undefined && Math.abs(value) < 2 ** 31 ? value : undefined;
}
