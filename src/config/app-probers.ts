// ISTIO_KUBE_APP_PROBERS: where the application's own probes go, which the injector pointed at the agent.
// Upstream: pilot/cmd/pilot-agent/status/server.go NewServer, validateAppKubeProber.

import { ConfigError } from '../runtime/errors.ts';
import { DecodeError, decodeJson, GoMembers } from './go-json.ts';

/** How one probe of the application is made. */
export type AppProbe =
  | { readonly kind: 'http'; readonly port: number; readonly path: string; readonly scheme: string }
  | { readonly kind: 'tcp'; readonly port: number }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string };

export interface AppProber {
  readonly probe: AppProbe;
  /** 0: no limit was given. */
  readonly timeoutSeconds: number;
}

/** By the path under which the kubelet asks for it on the status port. */
export type AppProbers = ReadonlyMap<string, AppProber>;

const PATH = '^/(app-health|app-lifecycle)/[^/]+/(livez|readyz|startupz|prestopz|poststartz)$';

/**
 * @param text empty: there are none
 * @throws ConfigError in the reference's words
 */
export function parseAppProbers(text: string): AppProbers {
  if (text === '') return new Map();
  try {
    const all = new GoMembers(decodeJson(text) ?? {}, '');
    return new Map(all.entries().map(([path, prober]) => [path, appProber(path, prober)]));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const problem = `failed to decode app prober err = ${error.message}, json string = ${shown(text)}`;
    throw new ConfigError(problem, { cause: error });
  }
}

function appProber(path: string, prober: GoMembers): AppProber {
  if (!new RegExp(PATH).test(path)) {
    throw new ConfigError(`invalid path, must be in form of regex pattern ${PATH}: "${path}"`);
  }
  const probes = probesOf(path, prober);
  const [probe] = probes;
  if (probe === undefined || probes.length > 1) {
    const types = 'must be one of type httpGet, tcpSocket or gRPC';
    throw new ConfigError(`invalid prober type, ${types}: ISTIO_KUBE_APP_PROBERS ${path}`);
  }
  return { probe, timeoutSeconds: prober.integer('timeoutSeconds') };
}

function probesOf(path: string, prober: GoMembers): readonly AppProbe[] {
  const [http, tcp, grpc] = [prober.object('httpGet'), prober.object('tcpSocket'), prober.object('grpc')];
  const probes: AppProbe[] = [];
  if (http !== undefined) {
    const port = numericPort(path, http);
    probes.push({ kind: 'http', port, path: http.text('path'), scheme: http.text('scheme') });
  }
  if (tcp !== undefined) probes.push({ kind: 'tcp', port: numericPort(path, tcp) });
  if (grpc !== undefined) {
    probes.push({ kind: 'grpc', port: grpc.integer('port'), service: grpc.text('service') });
  }
  return probes;
}

/** The injector has looked names up; here nobody knows the container's ports. */
function numericPort(path: string, action: GoMembers): number {
  if (typeof action.get('port') === 'string') {
    throw new ConfigError(`invalid prober config for ${path}, the port must be int type`);
  }
  return action.integer('port');
}

/** Values of probe headers may be credentials. */
function shown(text: string): string {
  return text.replaceAll(/("value"\s*:\s*)"(?:[^"\\]|\\.)*"?/gi, '$1"***"');
}
