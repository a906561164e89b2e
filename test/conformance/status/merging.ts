// Cases about metrics of Envoy and of applications on one page: the rules as they are, and pages over real sockets.

import { deepEqual, equal, match, notEqual, ok, throws } from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { parseScrapeTargets, parseTargetList } from '../../../src/config/scrape-targets.ts';
import { withoutEndMark } from '../../../src/status/metrics/end-mark.ts';
import { contentTypeOf } from '../../../src/status/metrics/formats.ts';
import { acceptForApplication, acceptForEnvoy, formatOf } from '../../../src/status/metrics/negotiation.ts';
import { timeoutOf } from '../../../src/status/metrics/scrape-request.ts';
import { startMergedPage, type MergedPage } from '../../status/fixtures/merged-page.ts';
import type { Player } from '../../status/fixtures/players.ts';
import { parseProblem } from '../../support/promtool.ts';
import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

interface Named {
  readonly name: string;
}

export async function* mergeCases(load: Load): AsyncIterable<ConformanceCase> {
  yield* checked('accept', await load<readonly AcceptCase[]>('accept-cases.json'), checkAccept);
  yield* checked(
    'negotiate',
    await load<readonly NegotiationCase[]>('negotiate-cases.json'),
    checkNegotiation,
  );
  yield* checked('eof-strip', await load<readonly EndMarkCase[]>('eof-strip-cases.json'), checkEndMark);
  yield* checked('scrape-config', await load<readonly ConfigCase[]>('scrape-config-cases.json'), checkConfig);
  yield* checked(
    'target list',
    await load<readonly TargetListCase[]>('scrape-target-parse-cases.json'),
    checkTargetList,
  );
  yield* checked('timeout', await load<readonly TimeoutCase[]>('scrape-timeout-cases.json'), checkTimeout);
  yield* checked('reserved', await load<readonly ReservedCase[]>('reserved-ports.json'), checkReservedPorts);
  yield* checked('merge', await load<readonly MergeCase[]>('merge-cases.json'), checkMerge);
}

function* checked<T extends Named>(
  kind: string,
  cases: readonly T[],
  check: (each: T) => void | Promise<void>,
): Iterable<ConformanceCase> {
  for (const each of cases) yield { name: `${kind}: ${each.name}`, run: async () => check(each) };
}

interface AcceptCase extends Named {
  readonly accept: string;
  readonly toEnvoy: string;
  readonly toApplication: string;
}

function checkAccept({ accept, toEnvoy, toApplication }: AcceptCase): void {
  equal(acceptForEnvoy(accept).header, toEnvoy);
  equal(acceptForApplication(accept).header, toApplication);
}

interface NegotiationCase extends Named {
  readonly contentType: string;
  readonly expected: string;
}

function checkNegotiation({ contentType, expected }: NegotiationCase): void {
  equal(contentTypeOf(formatOf(contentType)), expected);
}

interface EndMarkCase extends Named {
  readonly body: string;
  readonly stripped: string;
}

/** Wherever the body is cut into pieces. */
async function checkEndMark({ body, stripped }: EndMarkCase): Promise<void> {
  const bytes = Buffer.from(body);
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const pieces = await withoutEndMark([bytes.subarray(0, cut), bytes.subarray(cut)]);
    equal(Buffer.concat(pieces).toString(), stripped);
  }
}

type WrittenTarget = readonly [port: string, path: string];

interface ConfigCase extends Named {
  readonly statusPort: number;
  readonly env: string;
  /** What the old form says, or the first target; targets are all that is read of it. */
  readonly port: string | null;
  readonly targets: readonly WrittenTarget[] | 'disabled' | null;
  readonly error: string | null;
}

function checkConfig({ statusPort, env, port, targets, error }: ConfigCase): void {
  if (error !== null) return throws(() => parseScrapeTargets(env, statusPort), errorWith(error));
  const found = parseScrapeTargets(env, statusPort).map((each) => [String(each.port), each.path]);
  deepEqual(found, targets === 'disabled' ? [] : targets);
  if (port !== null) equal(found[0]?.[0], port);
}

function errorWith(words: string): (error: unknown) => boolean {
  return (error) => error instanceof Error && error.message.includes(words);
}

interface TargetListCase extends Named {
  readonly input: string;
  readonly targets: readonly WrittenTarget[] | null;
  readonly error: boolean;
}

function checkTargetList({ input, targets, error }: TargetListCase): void {
  if (error) return throws(() => parseTargetList(input), errorWith('empty port in scrape target'));
  deepEqual(
    parseTargetList(input).map(({ port, path }) => [port, path]),
    targets ?? [],
  );
}

interface TimeoutCase extends Named {
  readonly header: string | null;
  readonly timeoutMs: number | null;
}

function checkTimeout({ header, timeoutMs }: TimeoutCase): void {
  equal(timeoutOf(header ?? undefined).ms ?? null, timeoutMs);
}

interface ReservedCase extends Named {
  readonly reserved: Readonly<Record<string, string>>;
  readonly free: readonly string[];
}

function checkReservedPorts({ reserved, free }: ReservedCase): void {
  const config = (port: string): string => JSON.stringify({ port });
  const otherStatusPort = 15_999; // the usual one is among the reserved
  for (const [port, reason] of Object.entries(reserved)) {
    throws(
      () => parseScrapeTargets(config(port), otherStatusPort),
      errorWith(`is reserved for Istio (${reason})`),
    );
  }
  for (const port of free) equal(parseScrapeTargets(config(port), otherStatusPort).length, 1);
}

interface PlayedTarget {
  readonly body?: string;
  readonly contentType?: string;
  readonly fail?: number;
  readonly delayMs?: number;
}

interface MergeCase extends Named {
  readonly envoy: string | null;
  readonly targets: readonly PlayedTarget[];
  readonly maxAppBodyBytes?: number;
  readonly expect: Expected;
}

interface Expected {
  readonly status?: number;
  readonly contentType?: string;
  readonly contains?: readonly string[];
  readonly notContains?: readonly string[];
  readonly ordered?: readonly string[];
  readonly endsWith?: string;
  readonly eofCount?: number;
  readonly envoyScrapeErrorsDelta?: number;
  readonly appScrapeErrorsDelta?: number;
  readonly parseError?: boolean;
}

async function checkMerge(given: MergeCase): Promise<void> {
  const { expect } = given;
  await using page = await startPlayed(given);

  const { status, contentType, text } = await page.scrape();

  equal(status, expect.status ?? 200);
  if (expect.contentType !== undefined) equal(contentType, expect.contentType);
  for (const part of expect.contains ?? []) ok(text.includes(part), `lacks ${part}`);
  for (const part of expect.notContains ?? []) ok(!text.includes(part), `has ${part}`);
  const positions = (expect.ordered ?? []).map((part) => text.indexOf(part));
  ok(!positions.includes(-1), `lacks one of ${JSON.stringify(expect.ordered)}`);
  deepEqual(
    positions,
    positions.toSorted((a, b) => a - b),
  );
  if (expect.endsWith !== undefined) equal(text.slice(-expect.endsWith.length), expect.endsWith);
  if (expect.eofCount !== undefined) equal(text.split('# EOF').length - 1, expect.eofCount);
  if (expect.parseError === true) {
    notEqual(await parseProblem(text), undefined);
    await checkStrict(given);
  }
  equalFailures(page, text, expect);
}

/** What does not parse when parts are only put together does in strict mode, and what was left out is counted. */
async function checkStrict(given: MergeCase): Promise<void> {
  await using page = await startPlayed(given, true);

  const { text } = await page.scrape();
  const { text: next } = await page.scrape();

  equal(await parseProblem(text), undefined);
  match(next, /^istio_agent_scrape_conflicts_total\{type="application",reason="(duplicate|broken)"\} [1-9]/m);
}

function startPlayed({ envoy, targets, maxAppBodyBytes }: MergeCase, strict = false): Promise<MergedPage> {
  return startMergedPage(
    { envoy: played(envoy === null ? { fail: 500 } : { body: envoy }), applications: targets.map(played) },
    { ...(maxAppBodyBytes && { maxBodyBytes: maxAppBodyBytes }), strict },
  );
}

/** Every failure is counted on the page it is missing from. */
function equalFailures(page: MergedPage, text: string, expect: Expected): void {
  const counted = (type: string): number =>
    Number(
      new RegExp(`^istio_agent_scrape_failures_total\\{type="${type}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0,
    );
  equal(counted('envoy'), expect.envoyScrapeErrorsDelta ?? 0);
  equal(counted('application'), expect.appScrapeErrorsDelta ?? 0);
  const said = page.logged.messages('error').length + page.logged.messages('warn').length;
  ok(said >= counted('envoy') + counted('application'));
}

function played({ body = '', contentType, fail, delayMs = 0 }: PlayedTarget): Player {
  return async (_request, response) => {
    await delay(delayMs);
    if (contentType !== undefined) response.setHeader('Content-Type', contentType);
    response.writeHead(fail ?? 200).end(body);
  };
}
