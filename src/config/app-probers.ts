// ISTIO_KUBE_APP_PROBERS: where the application's own probes go, which the injector pointed at the agent.
// Upstream: pilot/cmd/pilot-agent/status/server.go NewServer, validateAppKubeProber.

import { ConfigError } from '../runtime/errors.ts';
import { excerpt } from '../runtime/excerpt.ts';
import { isDeeperThan, parseJson } from '../runtime/json.ts';
import { MASK } from '../runtime/redaction.ts';
import { DecodeError, GoMembers } from './go-json.ts';
import { goQuote } from './go-quote.ts';
import { shownWords, syntaxProblem, withoutHeaderValues } from './prober-secrets.ts';

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

/** Deeper than any prober is; Go refuses at some depth, too. */
const MAX_LEVELS = 32;

/**
 * @param text empty: there are none
 * @throws ConfigError in the reference's words; it shows no value of a header
 */
export function parseAppProbers(text: string): AppProbers {
  if (text === '') return new Map();
  const json = parseJson(text);
  if (json === undefined) throw undecodable(syntaxProblem(text), shownWords(text));
  if (isDeeperThan(json, MAX_LEVELS)) throw undecodable('nested too deeply', MASK);
  const harmless = withoutHeaderValues(json); // so that no error can show one
  try {
    const all = new GoMembers(harmless ?? {}, '');
    return new Map(all.entries().map(([path, prober]) => [path, appProber(path, prober)]));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw undecodable(error.message, JSON.stringify(harmless), error);
  }
}

function undecodable(why: string, shown: string, cause?: unknown): ConfigError {
  const problem = `failed to decode app prober err = ${excerpt(why)}, json string = ${excerpt(shown)}`;
  return new ConfigError(`${problem} (ISTIO_KUBE_APP_PROBERS)`, { cause });
}

function appProber(path: string, prober: GoMembers): AppProber {
  if (!new RegExp(PATH).test(path)) {
    throw new ConfigError(`invalid path, must be in form of regex pattern ${PATH}: "${visible(path)}"`);
  }
  const probes = probesOf(path, prober);
  const [probe] = probes;
  if (probe === undefined || probes.length > 1) {
    const types = 'must be one of type httpGet, tcpSocket or gRPC';
    throw new ConfigError(`invalid prober type, ${types}: ISTIO_KUBE_APP_PROBERS ${visible(path)}`);
  }
  return { probe, timeoutSeconds: prober.integer('timeoutSeconds') };
}

function probesOf(path: string, prober: GoMembers): readonly AppProbe[] {
  const [http, tcp, grpc] = [prober.object('httpGet'), prober.object('tcpSocket'), prober.object('grpc')];
  const probes: AppProbe[] = [];
  if (http !== undefined) {
    const port = numericPort(path, http);
    refuseWrongTypes(http);
    probes.push({ kind: 'http', port, path: http.text('path'), scheme: http.text('scheme') });
  }
  if (tcp !== undefined) {
    refuseWrongTypes(tcp);
    probes.push({ kind: 'tcp', port: numericPort(path, tcp) });
  }
  if (grpc !== undefined) {
    probes.push({ kind: 'grpc', port: grpc.integer('port'), service: grpc.text('service') });
  }
  return probes;
}

/** In one line, and not too long. */
function visible(path: string): string {
  return goQuote(excerpt(path)).slice(1, -1);
}

/** Nobody reads these members, since the kubelet has put both into its request; Go decodes them all the same. */
function refuseWrongTypes(action: GoMembers): void {
  action.text('host');
  for (const header of action.list('httpHeaders')) {
    header.text('name');
    header.text('value');
  }
}

/** The injector has looked names up; here nobody knows the container's ports. */
function numericPort(path: string, action: GoMembers): number {
  if (typeof action.get('port') === 'string') {
    throw new ConfigError(`invalid prober config for ${visible(path)}, the port must be int type`);
  }
  return action.integer('port');
}
