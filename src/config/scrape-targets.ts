// ISTIO_PROMETHEUS_ANNOTATIONS: which ports of the application have metrics to be merged with ours.
// Upstream: pilot/cmd/pilot-agent/status/server.go NewServer.

import { ConfigError } from '../runtime/errors.ts';
import { excerpt } from '../runtime/excerpt.ts';
import { DecodeError, decodeJson, GoMembers } from './go-json.ts';

export interface ScrapeTarget {
  readonly port: number;
  readonly path: string;
}

const DEFAULT_PATH = '/metrics';
const DEFAULT_PORT = '80';

/** Scraping one of these would answer with the mesh's own metrics, or with none. */
const RESERVED_PORTS: ReadonlyMap<number, string> = new Map([
  [15_000, 'Envoy admin'],
  [15_001, 'outbound traffic capture'],
  [15_004, 'pilot debug'],
  [15_006, 'inbound traffic capture'],
  [15_008, 'HBONE tunnel'],
  [15_020, 'pilot-agent status / merged Prometheus'],
  [15_021, 'Envoy health'],
  [15_053, 'DNS proxy'],
  [15_090, 'Envoy Prometheus (already merged)'],
]);

const INVALID = 'invalid prometheus scrape configuration:';

/**
 * @param text the variable's; set and empty is a mistake too
 * @returns no target when the application is not to be scraped
 * @throws ConfigError in the reference's words
 */
export function parseScrapeTargets(text: string, statusPort: number): readonly ScrapeTarget[] {
  try {
    const config = new GoMembers(decodeJson(text) ?? {}, '');
    const enabled = config.text('scrape') !== 'false';
    const written = config
      .list('targets')
      .map((target) => [target.text('port'), target.text('path')] as const);
    const single = [config.text('port') || DEFAULT_PORT, config.text('path')] as const;
    if (!enabled) return [];
    if (written.length === 0) refuseAgentPort(single[0], statusPort);
    return (written.length > 0 ? written : [single]).map(([port, path]) => ({
      port: portOf(port, statusPort),
      path: path || DEFAULT_PATH,
    }));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    throw new ConfigError(`failed to unmarshal ISTIO_PROMETHEUS_ANNOTATIONS: ${error.message}`, {
      cause: error,
    });
  }
}

/** One item of annotation `prometheus.istio.io/scrape-targets`, as the variable has it. */
export interface WrittenTarget {
  /** Whatever stands before the first colon; parseScrapeTargets judges it. */
  readonly port: string;
  readonly path: string;
}

/**
 * Reads annotation `prometheus.istio.io/scrape-targets`: `port[:path]` between commas, in the order and number they
 * are written. Blanks around a part and items of nothing else are passed over.
 *
 * @throws ConfigError for an item without a port
 */
export function parseTargetList(text: string): readonly WrittenTarget[] {
  const items = text.split(',').map((item) => item.trim());
  return items
    .filter((item) => item !== '')
    .map((item) => {
      const [, port = '', path = ''] = /^([^:]*):?(.*)$/s.exec(item) ?? [];
      if (port.trim() === '')
        throw new ConfigError(`empty port in scrape target ${JSON.stringify(excerpt(item))}`);
      return { port: port.trim(), path: path.trim() || DEFAULT_PATH };
    });
}

function refuseAgentPort(port: string, statusPort: number): void {
  if (port !== String(statusPort)) return;
  const remedy = `Ensure pod does not have prometheus.io/port=${statusPort} label, or that injection is not`;
  throw new ConfigError(
    `${INVALID} application port is the same as agent port, which may lead to a recursive loop. ` +
      `${remedy} happening multiple times`,
  );
}

function portOf(text: string, statusPort: number): number {
  const port = /^\d+$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) {
    throw new ConfigError(`${INVALID} invalid target port ${JSON.stringify(excerpt(text))}`);
  }
  if (port === statusPort) {
    const loop = 'is the same as agent port, which may lead to a recursive loop';
    throw new ConfigError(`${INVALID} target port ${text} ${loop}`);
  }
  const reserved = RESERVED_PORTS.get(port);
  if (reserved === undefined) return port;
  const problem = `is reserved for Istio (${reserved}) and cannot be scraped`;
  throw new ConfigError(`${INVALID} target port ${text} ${problem}`);
}
