// Property: whatever stands where a duration, a number or a boolean is expected.

import { equal, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { goBool, goDuration, goFloat, goInt } from '../../../src/config/parsers.ts';
import { duration } from '../../../src/config/proxy-config/proto-scalars.ts';
import { formatDuration, parseDurationMs, parseDurationNs } from '../../../src/runtime/duration.ts';
import { fuzzTarget } from '../../support/fuzz.ts';
import { hostileText } from './hostile.ts';
import { readOrRefused } from './readings.ts';

const digits = fc.oneof(
  fc.nat().map(String),
  fc.stringMatching(/^\d{0,40}$/),
  fc.nat(70_000).map((n) => '9'.repeat(n)),
);
const unit = fc.constantFrom('ns', 'us', 'µs', 'ms', 's', 'm', 'h', '', 'd');
const part = fc.tuple(digits, fc.constantFrom('', '.'), digits, unit).map((parts) => parts.join(''));
const text = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '-', '+'), fc.array(part, { maxLength: 3 }))
    .map(([sign, parts]) => sign + parts.join('')),
  fc.tuple(digits, fc.constantFrom('e', '.', 'x', '_', ' '), digits).map((parts) => parts.join('')),
  hostileText,
);

const context = { placeOf: () => undefined, unknownField: () => undefined };

const reads = fuzzTarget('durations, numbers and booleans are read or refused', text, async (given) => {
  const ns = await readOrRefused(() => parseDurationNs(given));
  if (ns !== undefined) {
    const canonical = duration.read(given, [], context);
    ok(typeof canonical === 'string');
    equal(parseDurationNs(canonical), ns);
    equal(goDuration.parse(given), parseDurationMs(given));
  }
  const [int, float] = [goInt.parse(given), goFloat.parse(given)];
  if (int !== undefined) equal(goInt.parse(goInt.format(int)), int + 0);
  if (float !== undefined) ok(Number.isFinite(float));
  ok([true, false, undefined].includes(goBool.parse(given)));
});

const milliseconds = fc.integer({ min: -(10 ** 12), max: 10 ** 12 });
const intact = fuzzTarget(
  'durations of milliseconds are written so that they are read back',
  milliseconds,
  (ms) => {
    equal(parseDurationMs(formatDuration(ms)), ms + 0);
  },
);

export const valueTargets = [reads, intact];
