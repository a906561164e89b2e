// Which formats a scraper may be given, and which one an application answered in. Parts are joined as text, so
// protobuf is never asked for.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go, negotiateMetricsFormat and the Accept headers.

import { format, parse } from 'content-type';

import { excerpt } from '../../runtime/excerpt.ts';
import type { Format } from './formats.ts';

const OPENMETRICS = 'application/openmetrics-text';

const ENVOY_TYPES: ReadonlySet<string> = new Set(['text/*', 'text/plain']);
const APPLICATION_TYPES: ReadonlySet<string> = new Set([...ENVOY_TYPES, OPENMETRICS]);

const FALLBACK = 'text/plain;version=0.0.4';

/** What is asked for in place of a range that allows anything. */
const OF_RANGES: ReadonlyMap<string, MediaType> = new Map([
  ['*/*', { type: 'text/plain', parameters: { version: '0.0.4' } }],
  ['*', { type: 'text/plain', parameters: { version: '0.0.4' } }],
  ['application/*', { type: OPENMETRICS, parameters: { version: '0.0.1' } }],
]);

interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface RewrittenAccept {
  readonly header: string;
  /** Why the header says something else than the scraper; undefined: it does not. */
  readonly problem?: string;
}

/** The Accept header for Envoy, which knows text only. */
export function acceptForEnvoy(accept: string): RewrittenAccept {
  return rewritten(accept, ENVOY_TYPES);
}

/** The Accept header for applications. */
export function acceptForApplication(accept: string): RewrittenAccept {
  return rewritten(accept, APPLICATION_TYPES);
}

function rewritten(accept: string, allowed: ReadonlySet<string>): RewrittenAccept {
  const quoted = JSON.stringify(excerpt(accept));
  const wanted = accept.split(',').map((item) => readMediaType(item));
  if (wanted.includes(undefined)) return { header: FALLBACK, problem: `cannot read Accept header ${quoted}` };
  const kept = keptTypes(
    wanted.filter((each) => each !== undefined),
    allowed,
  );
  if (kept.length === 0)
    return { header: FALLBACK, problem: `nothing to be had for Accept header ${quoted}` };
  const header = kept
    .map(({ type, parameters }, index) =>
      mediaTypeText({ type, parameters: { ...parameters, q: `0.${kept.length - index}` } }),
    )
    .join(',');
  return { header };
}

function keptTypes(wanted: readonly MediaType[], allowed: ReadonlySet<string>): readonly MediaType[] {
  const kept: MediaType[] = [];
  const texts = new Set<string>();
  for (const { type, parameters } of wanted) {
    const { q: _weight, ...own } = parameters;
    const ofRange = OF_RANGES.get(type);
    const each = ofRange ?? { type, parameters: own };
    if (!allowed.has(each.type)) continue;
    const text = mediaTypeText(each);
    if (ofRange !== undefined && texts.has(text)) continue;
    texts.add(text);
    kept.push(each);
  }
  return kept;
}

/** The format that is announced for what an application calls its body; whatever is not known passes as text. */
export function formatOf(contentType: string | undefined): Format {
  const { type, parameters } = readMediaType(contentType ?? '') ?? { type: '', parameters: {} };
  const version = parameters['version'];
  if (type !== OPENMETRICS) return 'text';
  if (version === '1.0.0') return 'openmetrics-1.0.0';
  return version === undefined || version === '0.0.1' ? 'openmetrics-0.0.1' : 'text';
}

const TOKEN = /[\w!#$%&'*+.^`|~-]+/.source;
const QUOTED = /"(?:[^"\\]|\\.)*"/.source;
/** Of what has no blanks at its ends; no two parts could share a run of them, which would take seconds. */
const WELL_FORMED = new RegExp(
  String.raw`^${TOKEN}(?:/${TOKEN})?(?:\s*;\s*${TOKEN}=(?:${TOKEN}|${QUOTED}))*(?:\s*;)?$`,
);

/** Undefined for anything the grammar does not allow, which the package would read somehow. */
function readMediaType(text: string): MediaType | undefined {
  return WELL_FORMED.test(text.trim()) ? parse(text) : undefined;
}

function mediaTypeText({ type, parameters }: MediaType): string {
  const sorted = Object.entries(parameters).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return format({ type, parameters: Object.fromEntries(sorted) });
}
