// Tells people why the pod is not ready: the text of `?verbose`, the JSON of `/debug/readyz`, and the remedy
// when Envoy lacks an extension the control plane asks for. None of this is asked by the kubelet.

import type { Clock } from '../../runtime/clock.ts';
import type { Check, ReadinessReport } from './readiness.ts';

/** The newest failure of the stream to the control plane. */
export interface UpstreamError {
  readonly text: string;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
}

/** What to choose, at the image, at a machine or at the control plane; examples/kubernetes tells more. */
const REMEDY =
  "run Istio's own Envoy (build the image with ENVOY_FROM=<proxy image>, or let binaryPath or ENVOY_PATH name it), or " +
  'have istiod do without its extensions: PILOT_ENABLE_METADATA_EXCHANGE=false, PILOT_ENABLE_ALPN_FILTER=false, and ' +
  'meshConfig.defaultProviders.metrics: []';

/** Checks that pass once the control plane has sent something. */
const FED_BY_CONTROL_PLANE: ReadonlySet<string> = new Set(['envoy-config', 'dns']);

/**
 * One line per check: `ok <check>`, with a remark behind a colon, or `failed <check>: <reason>`. Where the control plane
 * is waited for, the reason ends with what was wrong with it last.
 */
export function verboseText(report: ReadinessReport, upstream?: UpstreamError): string {
  return report.checks.map((check) => `${verboseLine(check, upstream)}\n`).join('');
}

function verboseLine(check: Check, upstream: UpstreamError | undefined): string {
  if (check.reason === undefined) {
    return check.remark === undefined ? `ok ${check.name}` : `ok ${check.name}: ${check.remark}`;
  }
  const waitedFor = FED_BY_CONTROL_PLANE.has(check.name) ? upstream : undefined;
  const parts = [check.reason, ...explanations(check), ...(waitedFor ? [upstreamText(waitedFor)] : [])];
  return `failed ${check.name}: ${oneLine(parts.join('; '))}`;
}

function upstreamText({ text, atMs }: UpstreamError): string {
  return `last upstream error at ${isoTime(atMs)}: ${text}`;
}

/** Envoy's own words about what it refused, and what to do when an extension is missing. */
function explanations(check: Check): readonly string[] {
  const words = check.rejections ?? [];
  return [...words, ...missingExtensions(words).map(missingExtensionText)];
}

/** The extensions that Envoy says it was not built with, each once, in order. */
export function missingExtensions(words: readonly string[]): readonly string[] {
  const pattern = /Didn't find a registered implementation for '([^']+)'/g;
  return [...new Set(words.flatMap((text) => [...text.matchAll(pattern)].map(([, name = '']) => name)))];
}

/** One sentence: the extension and the remedy. */
export function missingExtensionText(extension: string): string {
  return `this Envoy has no extension ${extension}: ${REMEDY}`;
}

/** Envoy's dumps hold line breaks and bytes that are no text; a line of ours must stay a line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
}

/** Remembers since when each check has had its present result. */
export class CheckHistory {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #since = new Map<string, { readonly ok: boolean; readonly atMs: number }>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Takes note of a report. */
  record(report: ReadinessReport): void {
    for (const { name, reason } of report.checks) {
      const ok = reason === undefined;
      if (this.#since.get(name)?.ok !== ok) this.#since.set(name, { ok, atMs: this.#clock.now() });
    }
  }

  /** The answer of `/debug/readyz`. */
  json(report: ReadinessReport, upstream: UpstreamError | undefined): object {
    return {
      ready: report.reason === undefined,
      checks: report.checks.map((check) => ({
        name: check.name,
        ok: check.reason === undefined,
        reason: check.reason === undefined ? null : [check.reason, ...explanations(check)].join('; '),
        since: isoTime(this.#since.get(check.name)?.atMs),
      })),
      lastUpstreamError: upstream === undefined ? null : { text: upstream.text, at: isoTime(upstream.atMs) },
    };
  }
}

function isoTime(atMs: number | undefined): string | null {
  return atMs === undefined ? null : new Date(atMs).toISOString();
}
