// Properties: whatever stands in the scraping configuration of a pod, in a list of targets or in the Accept header of a
// scraper, it is read or refused in words, and what is asked for in its place is well-formed.

import { deepEqual, equal, match, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { parseScrapeTargets, parseTargetList } from '../../../../src/config/scrape-targets.ts';
import { ConfigError } from '../../../../src/runtime/errors.ts';
import { formatOf } from '../../../../src/status/metrics/negotiation.ts';
import { readScrapeRequest } from '../../../../src/status/metrics/scrape-request.ts';
import { withoutEndMark } from '../../../../src/status/metrics/end-mark.ts';
import { hostileText } from '../../../config/fuzz/hostile.ts';
import { fuzzTarget } from '../../../support/fuzz.ts';

const STATUS_PORT = 15_020;

const portText = fc.oneof(
  fc.constantFrom('80', '8080', '08080', '15020', '15090', '0', '65536', '1e3', ' 80', '-1', ''),
  hostileText,
);
const path = fc.oneof(fc.constantFrom('/metrics', 'metrics', '', '//x', '/\r\nX: y'), hostileText);
const member = fc.oneof(portText, fc.constantFrom(null, 80, true, [], {}));

const configuration = fc.oneof(
  hostileText,
  fc.json(),
  fc
    .record(
      {
        scrape: fc.oneof(fc.constantFrom('true', 'false'), member),
        port: member,
        PATH: fc.oneof(path, member),
        targets: fc.oneof(
          fc.array(fc.record({ port: member, path: fc.oneof(path, member) }, { requiredKeys: [] })),
          member,
        ),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
);

const configurations = fuzzTarget('scraping configuration is read or refused', configuration, (text) => {
  const targets = readOrRefused(() => parseScrapeTargets(text, STATUS_PORT));
  for (const target of targets ?? []) {
    ok(
      Number.isInteger(target.port) &&
        target.port >= 1 &&
        target.port <= 65_535 &&
        target.port !== STATUS_PORT,
    );
    ok(target.path !== '');
  }
});

const item = fc.oneof(
  hostileText,
  fc.tuple(portText, path).map(([port, rest]) => `${port}:${rest}`),
);
const list = fc.array(item, { maxLength: 5 }).map((items) => items.join(','));

const targetLists = fuzzTarget('lists of targets are read or refused', list, (text) => {
  const targets = readOrRefused(() => parseTargetList(text)) ?? [];
  for (const target of targets) {
    ok(target.port !== '' && target.path !== '' && !`${target.port}${target.path}`.includes(','));
    equal(target.port.trim() + target.path.trim(), target.port + target.path);
  }
  const written = targets.map((target) => `${target.port}:${target.path}`).join(',');
  deepEqual(parseTargetList(written), targets);
});

const TYPES = [
  '*/*',
  '*',
  'text/*',
  'text/plain',
  'application/*',
  'application/openmetrics-text',
  'a/b',
  '/',
];
const PARAMETERS = [
  'version=1.0.0',
  'q=0.5',
  'Q=2',
  'a="b;c\\""',
  'escaping=allow-utf-8',
  'a',
  '=',
  'ä=ö',
  '__proto__=1',
];
const mediaType = fc
  .tuple(fc.constantFrom(...TYPES), fc.subarray(PARAMETERS))
  .map(([type, parameters]) => [type, ...parameters].join('; '));
const headerText = fc.string({
  unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)),
});
const header = fc
  .array(fc.oneof({ weight: 5, arbitrary: mediaType }, { weight: 1, arbitrary: headerText }), {
    maxLength: 12,
  })
  .map((items) => items.join(','));

/** What Envoy and applications are asked for: one line, and weights that fall. */
const OFFER = /^text\/plain;version=0\.0\.4$|^(?:text\/(?:\*|plain)|application\/openmetrics-text)[; ]/;

const accepts = fuzzTarget(
  'Accept and time limits are understood or replaced',
  fc.record({ accept: header, timeout: fc.oneof(headerText, fc.double().map(String)) }),
  ({ accept, timeout }) => {
    const headers = { accept, 'x-prometheus-scrape-timeout-seconds': timeout };
    const asked = readScrapeRequest({ url: `/metrics?${encodeURI(accept)}`, headers });
    for (const { accept: offered = '' } of [asked.envoyHeaders, asked.applicationHeaders]) {
      match(offered, OFFER);
      ok(!/[\r\n]/.test(offered));
    }
    ok(!asked.envoyHeaders['accept']?.includes('openmetrics'));
    ok(!Number.isNaN(asked.timeoutMs));
    for (const problem of asked.problems) ok(!problem.includes('\n') && problem.length < 3000);
    ok(['text', 'openmetrics-0.0.1', 'openmetrics-1.0.0'].includes(formatOf(accept)));
  },
);

const bodies = fuzzTarget(
  'an end mark is cut off wherever a body is cut into pieces',
  fc.array(fc.constantFrom('# EOF', '# E', 'OF', '\n', '\r\n', ' ', '\t', 'a 1\n', ''), { maxLength: 10 }),
  async (pieces) => {
    const whole = pieces.join('');
    const trimmed = whole.replace(/[ \t\r\n]+$/, '');

    const rest = Buffer.concat(await withoutEndMark(pieces.map((piece) => Buffer.from(piece)))).toString();

    equal(rest, trimmed.endsWith('# EOF') ? trimmed.slice(0, -'# EOF'.length) : whole);
  },
);

export const scrapeTargets = [configurations, targetLists, accepts, bodies];

function readOrRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
