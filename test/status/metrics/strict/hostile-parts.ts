// Parts of a page as nobody should write them: a grammar of families whose names collide, in both formats, with pieces
// that are broken, twice, missing or cut off.

import * as fc from 'fast-check';

import type { Format } from '../../../../src/status/metrics/formats.ts';
import { findOpenMetricsParser, openMetricsRefusals } from '../../../support/openmetrics.ts';
import { parseProblem } from '../../../support/promtool.ts';
import { merge, type GivenPart } from './merge.ts';

export interface HostilePage {
  readonly format: Format;
  readonly parts: readonly GivenPart[];
}

const NAMES = [
  'a',
  'a_total',
  'a_count',
  'b',
  'b_bucket',
  'b_created',
  'b_info',
  'c_seconds',
  'd_sum',
  'd',
  ':e',
];
const TYPES = [
  'counter',
  'gauge',
  'histogram',
  'summary',
  'untyped',
  'gaugehistogram',
  'info',
  'stateset',
  'unknown',
];
const ENDINGS = ['', '_total', '_bucket', '_sum', '_count', '_created', '_gsum', '_gcount', '_info'];
const LABELS = [
  '',
  '{}',
  '{x="1"}',
  '{x="1",y="2"}',
  '{y="2",x="1"}',
  '{ x = "1" , }',
  '{x="}\\" # {"}',
  '{le="1"}',
  '{le="+Inf",x="1"}',
  '{quantile="0.5"}',
  '{a="on"}',
  '{y="ü\\n\\\\"}',
  '{__x="1"}',
];
const VALUES = ['0', '1', '1', '7', '2.5', '-3', '1e3', 'NaN', '+Inf', '-inf', '.5', '5.'];
const TIMESTAMPS = ['', '', '', '', ' 1700000000000', ' 1.5', ' -7'];
const EXEMPLARS = [
  '',
  '',
  '',
  ' # {id="1"} 0.5',
  ' # {id="}"} 1 1.5',
  ' # {} 1',
  ` # {id="${'x'.repeat(130)}"} 1`,
];
const BROKEN = [
  '',
  ' ',
  '#',
  '# a comment',
  '# EOF',
  '# TYPE',
  '# TYPE a',
  '# TYPE a zigzag',
  '# HELP a \\q',
  '# HELP a "quoted" \\"escaped\\"',
  '# HELP 1a x',
  '# UNIT a metres',
  'a',
  'a ',
  'a 1 ',
  '\ta  1\t',
  'a 1\r',
  'a 1 1 1',
  'a one',
  'a 0x1p3',
  'a 1_0',
  'a +nan',
  'a 1e999',
  'a 1 99999999999999999999',
  '1a 1',
  'a-b 1',
  '{x="1"} 1',
  '{"a.b"} 1',
  'a{x="1" 1',
  'a{x=1} 1',
  'a{x="1"y="2"} 1',
  'a{x="1",x="2"} 1',
  'a{,} 1',
  'a{x="\\d"} 1',
  'a{x="\0"} 1',
  'a{__name__="b"} 1',
  'a{x="1',
  'a 1 # {',
];

const histogram = fc
  .record({
    name: fc.constantFrom('b', 'd', 'h'),
    counts: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
    label: fc.constantFrom('', 'x="1",', 'x="2",'),
    last: fc.constantFrom('+Inf', '+Inf', '+Inf', '9', 'Inf'),
    sorted: fc.constantFrom(true, true, false),
  })
  .map(({ name, counts, label, last, sorted }) => {
    const rising = sorted ? counts.toSorted((a, b) => a - b) : counts;
    const bound = (index: number): string => (index === counts.length - 1 ? last : `${index}`);
    const buckets = rising.map((count, index) => `${name}_bucket{${label}le="${bound(index)}"} ${count}`);
    const own = label === '' ? '' : `{${label.slice(0, -1)}}`;
    return buckets.concat(`${name}_sum${own} 3`, `${name}_count${own} ${rising.at(-1)}`);
  });

const header = fc
  .tuple(fc.constantFrom(...NAMES, 'h'), fc.constantFrom(...TYPES), fc.nat(7))
  .map(([name, type, which]) => {
    const lines = [
      `# HELP ${name} About "${name}" \\\\ and more.`,
      `# TYPE ${name} ${type}`,
      `# UNIT ${name} seconds`,
    ];
    return lines.filter((_, index) => (which & (1 << index)) !== 0);
  });

const sample = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.constantFrom(...ENDINGS),
    fc.constantFrom(...LABELS),
    fc.constantFrom(...VALUES),
    fc.constantFrom(...TIMESTAMPS),
    fc.constantFrom(...EXEMPLARS),
  )
  .map(([name, ending, ...rest]) => [`${name}${ending}${rest[0]} ${rest[1]}${rest[2]}${rest[3]}`]);

/** A family as it should be, more or less. */
const family = fc
  .record({
    name: fc.constantFrom(...NAMES),
    type: fc.constantFrom(...TYPES),
    ending: fc.constantFrom(...ENDINGS),
    samples: fc.uniqueArray(fc.tuple(fc.constantFrom(...LABELS), fc.constantFrom(...VALUES)), {
      maxLength: 4,
    }),
  })
  .map(({ name, type, ending, samples }) => {
    const lines = samples.map(([labels, value]) => `${name}${ending}${labels} ${value}`);
    return [`# TYPE ${name} ${type}`].concat(lines);
  });

const broken = fc.constantFrom(...BROKEN).map((line) => [line]);
const lines = fc.oneof(
  { weight: 3, arbitrary: family },
  { weight: 2, arbitrary: fc.tuple(header, sample, sample).map((pieces) => pieces.flat()) },
  { weight: 2, arbitrary: histogram },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constant(['# TYPE h histogram']), histogram, histogram).map((all) => all.flat()),
  },
  { weight: 2, arbitrary: sample },
  { weight: 1, arbitrary: broken },
);

const part: fc.Arbitrary<GivenPart> = fc
  .record({
    blocks: fc.array(lines, { maxLength: 12 }),
    format: fc.constantFrom<Format>('text', 'text', 'openmetrics-1.0.0'),
    ending: fc.constantFrom('\n', '\n', '', '\n# EOF\n', '\r\n', '\n# EOF\r\n'),
    flaw: fc.option(fc.tuple(fc.nat(), fc.constantFrom(0, 10, 0xff, 0xc3, 0x22, 0x7d))),
    chunkBytes: fc.constantFrom(1, 7, 64, 100_000),
    cutAt: fc.option(fc.nat(400), { freq: 4 }),
  })
  .map(({ blocks, format, ending, flaw, chunkBytes, cutAt }) => {
    const bytes = Buffer.from(blocks.flat().join('\n') + ending);
    if (flaw !== null && bytes.length > 0) bytes[flaw[0] % bytes.length] = flaw[1];
    const body = cutAt === null ? bytes : bytes.subarray(0, cutAt);
    return { format, body, chunkBytes, cut: cutAt !== null };
  });

/** Three parts, as the agent, Envoy and an application would write them. */
export const hostilePage: fc.Arbitrary<HostilePage> = fc.record({
  format: fc.constantFrom<Format>('text', 'openmetrics-1.0.0'),
  parts: fc.tuple(part, part, part),
});

export interface Tally {
  readonly pages: number;
  /** Pages on which there was something to leave out. */
  readonly withConflicts: number;
}

/**
 * Judges the strict merges of `count` pages made by chance.
 *
 * @throws Error with the shortest page that is refused, its parts, and the seed
 */
export async function tryHostilePages(count: number): Promise<Tally> {
  const seed = Number(process.env.FUZZ_SEED ?? Math.trunc(Math.random() * 2 ** 31));
  const inputs = fc.sample(hostilePage, { numRuns: count, seed });
  const merged = await Promise.all(inputs.map(async ({ format, parts }) => merge(format, parts)));
  const tries = inputs.map((input, index) => ({ input, page: merged[index]?.page ?? '' }));
  const texts = tries.filter(({ input }) => input.format === 'text');
  const others = tries.filter(({ input }) => input.format !== 'text');
  const verdicts = [
    ...(await judgeTexts(texts)),
    ...(await openMetricsRefusals(
      await findOpenMetricsParser(),
      others.map(({ page }) => page),
    )),
  ];
  const refused = [...texts, ...others]
    .map(({ input, page }, index) => ({ input, page, refusal: verdicts[index] }))
    .filter(({ refusal }) => refusal !== undefined)
    .toSorted((a, b) => a.page.length - b.page.length);
  const [first] = refused;
  console.log(`      ${count} pages, seed ${seed}`);
  if (first !== undefined) {
    const parts = first.input.parts.map(({ format, body, cut }) => ({ format, cut, body: body.toString() }));
    throw new Error(
      `${refused.length} refused, seed ${seed}: ${first.refusal}\n${JSON.stringify(parts, null, 1)}\n${first.page}`,
    );
  }
  return {
    pages: verdicts.length,
    withConflicts: merged.filter(({ conflicts }) => conflicts.length > 0).length,
  };
}

/** Four at a time: most of it is waiting for a process to start. */
async function judgeTexts(
  tries: readonly { readonly page: string }[],
): Promise<readonly (string | undefined)[]> {
  const refusals: (string | undefined)[] = [];
  const left = tries.entries();
  const worker = async (): Promise<void> => {
    for (const [index, { page }] of left) refusals[index] = await parseProblem(page);
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return refusals;
}
