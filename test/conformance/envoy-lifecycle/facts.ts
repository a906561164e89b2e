// The measured facts, held against the fake Envoy, so that it cannot drift from the real one, and against what the
// product takes for granted. Every fact has a rule here; one without a rule fails.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { sharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import { startObstacle } from '../../../src/envoy/start/start-obstacle.ts';
import { checkExtraArguments } from '../../../src/envoy/process/extra-arguments.ts';
import { notServingReason } from '../../../src/status/readiness/envoy-stats.ts';
import {
  HOT_RESTART_VERSION,
  MEASURED_MS,
  PARENT_LOG,
  END_LOG,
  REGION,
  socketId,
  STATES,
} from '../../envoy/fixtures/fake/facts.ts';
import type { ConformanceCase } from '../case.ts';
import { FakeStage, type StageRun } from '../../envoy/support/fake-stage.ts';
import { checkShape, type Shape } from './shapes.ts';

/** What is told of one text. */
interface TextFact {
  readonly text: string;
  readonly exit?: number;
  readonly signal?: string;
  readonly stream?: 'stdout';
  readonly status?: number;
  readonly ms?: number;
  /** After so many more, `everyMs` apart, comes this. */
  readonly then?: string;
  readonly everyMs?: number;
  readonly afterMs?: number;
}

export interface Facts {
  readonly hotRestartVersion: string;
  readonly sharedMemory: {
    readonly name: string;
    readonly size: number;
    readonly mode: string;
    readonly version: number;
    readonly flagOffset: number;
  };
  readonly sockets: readonly string[];
  readonly socketId: string;
  readonly texts: Readonly<Record<string, TextFact>>;
  readonly parentLog: readonly string[];
  readonly timesMs: Shape;
  readonly readyText: Readonly<Record<string, readonly [number, string]>>;
  readonly readinessStats: Readonly<Record<string, string>>;
  readonly serverState: Readonly<Record<string, number>>;
}

const BASE_ID = 7;
const FACTS = [
  'hotRestartVersion',
  'sharedMemory',
  'sockets',
  'socketId',
  'texts',
  'parentLog',
  'timesMs',
  'readyText',
  'readinessStats',
  'serverState',
];

type Check = (facts: Facts) => Promise<void> | void;

export function* factCases(facts: Facts): Iterable<ConformanceCase> {
  checkShape(facts, 'facts.json', FACTS, ['envoy', 'platform']);
  for (const [name, check] of Object.entries(CHECKS)) {
    yield { name: `fact: ${name}`, run: async () => check(facts) };
  }
  for (const [name, fact] of Object.entries(facts.texts)) {
    yield { name: `text: ${name}`, run: () => checkText(name, fact) };
  }
}

const CHECKS: Readonly<Record<string, Check>> = {
  'hot restart version': async ({ hotRestartVersion }) => {
    await using stage = await FakeStage.make();
    const { code, stderr } = await stage.run(['--hot-restart-version']).ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: hotRestartVersion });
    assert.equal(HOT_RESTART_VERSION, hotRestartVersion);
  },
  'shared memory': checkSharedMemory,
  'socket names': ({ sockets, socketId: rule }) => {
    assert.equal(rule, 'baseId*10 + epoch mod 3');
    assert.deepEqual(
      [0, 1, 2, 3].map((epoch) => socketId(BASE_ID, epoch)),
      [70, 71, 72, 70],
    );
    return checkSockets(sockets);
  },
  'log of a parent': ({ parentLog }) => checkParentLog(parentLog),
  times: ({ timesMs }) => assert.deepEqual({ ...MEASURED_MS }, timesMs),
  'answers to /ready': ({ readyText }) => checkReady(readyText),
  'readiness statistics': ({ readinessStats }) => checkReadiness(readinessStats),
  'numbers of the states': ({ serverState }) => {
    const numbers = Object.entries(STATES).map(([name, { stat }]) => [name, stat]);
    assert.deepEqual(Object.fromEntries(numbers), serverState);
  },
};

async function checkSharedMemory({ sharedMemory: fact }: Facts): Promise<void> {
  checkShape(fact, 'sharedMemory', ['name', 'size', 'mode', 'version', 'flagOffset']);
  assert.equal(fact.name, 'envoy_shared_memory_<baseId*10>');
  assert.deepEqual(REGION, {
    bytes: fact.size,
    version: fact.version,
    mode: Number.parseInt(fact.mode, 8),
    flagAt: fact.flagOffset,
  });
  await using stage = await FakeStage.make();
  await stage.writeRegion(BASE_ID, { version: fact.version, bytes: fact.size, flag: 1n });
  const memory = sharedMemory(stage.path);
  assert.deepEqual([await memory.flag(BASE_ID), await memory.repair(BASE_ID)], ['initializing', 'clear']);
  assert.equal(await stage.flagAt(BASE_ID, fact.flagOffset), 0n);
}

/** The product sees each of them, as the kernel shows it. */
async function checkSockets(sockets: readonly string[]): Promise<void> {
  await using stage = await FakeStage.make();
  const list = join(stage.path, 'unix');
  const memory = sharedMemory(stage.path, list);
  for (const name of sockets) {
    for (const epoch of [0, 1, 2]) {
      await writeFile(list, `0: 2 0 0 2 01 9 ${name.replace('<id>', String(socketId(BASE_ID, epoch)))}@@@\n`);
      const ids = [BASE_ID, BASE_ID + 1];
      const random = (): number => ((ids.shift() ?? 0) - 0.5) / 65_535;
      assert.equal(await memory.freeBaseId(random), BASE_ID + 1, name);
    }
  }
}

async function checkParentLog(expected: readonly string[]): Promise<void> {
  const told = [...Object.values(PARENT_LOG).flat(), ...END_LOG];
  assert.deepEqual(told, expected);
  await using stage = await FakeStage.make();
  const parent = await stage.serve(0, BASE_ID);
  await stage.serve(1, BASE_ID);
  const { code, stderr } = await parent.ended;
  const lines = stderr.split('\n').map((line) => line.replace(/^.*\] /, ''));
  assert.deepEqual(
    lines.filter((line) => expected.includes(line)),
    expected,
  );
  assert.equal(code, 0);
}

async function checkReady(expected: Facts['readyText']): Promise<void> {
  await using stage = await FakeStage.make();
  const found: Record<string, readonly [number, string]> = {};
  const script = { 0: { preInitializingMs: 400, initializingMs: 400 } };
  const envoy = stage.start(0, BASE_ID, script);
  const look = async (): Promise<void> => {
    const answer = await stage.ask('GET', '/ready').catch(() => undefined); // not there yet
    if (answer) found[answer.body.trim()] = [answer.status, answer.body];
  };
  while (!Object.hasOwn(found, 'LIVE')) await look();
  await stage.ask('POST', '/healthcheck/fail');
  while (!Object.hasOwn(found, 'DRAINING')) await look();
  await envoy.kill();
  assert.deepEqual(found, expected);
}

async function checkReadiness(expected: Readonly<Record<string, string>>): Promise<void> {
  checkShape(expected, 'readinessStats', ['beforeFirstFlush', 'notLiveAfterFlush', 'live']);
  await using stage = await FakeStage.make();
  const filter = String.raw`^(server\.state|listener_manager\.workers_started)`;
  const page = async (): Promise<string> =>
    (await stage.ask('GET', `/stats?usedonly&filter=${encodeURIComponent(filter)}`)).body;
  const envoy = stage.start(0, BASE_ID, { 0: { preInitializingMs: 1, initializingMs: 2000 } });
  await stage.until(async () => (await stage.ask('GET', '/ready')).body.includes('INITIALIZING'));
  const found: Record<string, string> = { beforeFirstFlush: await page() };
  await stage.until(async () => (await page()) !== '');
  found.notLiveAfterFlush = await page();
  await stage.until(async () => (await stage.ask('GET', '/ready')).body === 'LIVE\n');
  found.live = await page();
  await envoy.kill();
  assert.deepEqual(found, expected);
  const reasons = Object.values(expected).map(notServingReason);
  assert.equal(
    reasons[0]?.startsWith('failed to get readiness stats: server.state is not yet updated'),
    true,
  );
  assert.equal(reasons[1]?.includes('workers_started is not yet updated'), true);
  assert.equal(reasons[2], undefined);
}

/** Brings the fake into the situation of a text. */
type Situation = (stage: FakeStage) => Promise<StageRun>;

const SITUATIONS: Readonly<Record<string, Situation>> = {
  stillInitializing: async (stage) => {
    await stage.writeRegion(BASE_ID, { flag: 1n });
    return stage.start(1, BASE_ID);
  },
  bindDomainSocket: async (stage) => {
    await stage.serve(0, BASE_ID);
    return stage.start(0, BASE_ID);
  },
  noRegion: async (stage) => stage.start(1, BASE_ID),
  versionMismatch: async (stage) => {
    await stage.writeRegion(BASE_ID, { version: REGION.version + 1 });
    return stage.start(1, BASE_ID);
  },
  sendRefused: async (stage) => {
    await stage.writeRegion(BASE_ID, {});
    return stage.start(1, BASE_ID);
  },
  fallback: async (stage) => {
    await stage.writeRegion(BASE_ID, {});
    return stage.serve(1, BASE_ID, ['--skip-hot-restart-on-no-parent']);
  },
  dynamicBaseIdWithEpoch: async (stage) => stage.run(['--use-dynamic-base-id', '--restart-epoch', '2']),
  badSocketMode: async (stage) => stage.run(['--socket-mode', '999']),
  eqForm: async (stage) => stage.run(['--mode=validate']),
  twice: async (stage) => stage.run(['--mode', 'validate', '--mode', 'validate']),
  validateOk: async (stage) => stage.run(['-c', stage.bootstrap, '--mode', 'validate']),
};

async function checkText(name: string, fact: TextFact): Promise<void> {
  const optional = ['exit', 'signal', 'stream', 'status', 'ms', 'then', 'everyMs', 'afterMs'];
  checkShape(fact, name, ['text'], optional);
  await using stage = await FakeStage.make();
  if (name === 'getOnMutating') return await checkAnswer(stage, fact);
  const situation = SITUATIONS[name];
  if (situation === undefined) throw new Error(`no rule for the text ${name}`);
  const run = await situation(stage);
  const isEnd = fact.exit !== undefined || fact.signal !== undefined;
  const end = await (isEnd ? run.ended : run.kill());
  const words = inWords(fact.text, stage);
  assert.match(fact.stream === 'stdout' ? end.stdout : end.stderr, words);
  if (isEnd) {
    assert.deepEqual(
      { code: end.code, signal: end.signal },
      { code: fact.exit ?? null, signal: fact.signal ?? null },
    );
  }
  checkRetries(fact, end.stderr);
  checkProduct(name, fact, end.stderr.split('\n'));
}

/** The text with what stands for a value filled in as in the situations above. */
function inWords(text: string, stage: FakeStage): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const values: Readonly<Record<string, string>> = {
    '<scaled>': String(BASE_ID * 10),
    '<epoch mod 3>': '0',
    '<strerror>': 'No such file or directory',
    '<n>': '2',
    '<v>': '999',
    '<file>': stage.bootstrap,
  };
  return new RegExp(
    Object.entries(values).reduce((all, [name, value]) => all.replaceAll(name, value), escaped),
  );
}

function checkRetries({ text, then, everyMs, afterMs }: TextFact, stderr: string): void {
  if (then === undefined || everyMs === undefined || afterMs === undefined) return;
  assert.equal(stderr.split(text).length - 1, afterMs / everyMs);
  assert.ok(stderr.includes(then), then);
}

/** What the product makes of the words. */
function checkProduct(name: string, { exit, signal, text }: TextFact, stderr: readonly string[]): void {
  const end = { code: exit ?? null, signal: (signal ?? null) as NodeJS.Signals | null };
  if (name === 'bindDomainSocket') assert.equal(startObstacle(end, stderr), 'base id taken');
  if (name === 'noRegion') assert.equal(startObstacle(end, stderr), 'no shared memory');
  if (name === 'eqForm') assert.throws(() => checkExtraArguments(['--service-zone=a'], []), text);
  if (name === 'twice')
    assert.throws(() => checkExtraArguments(['--log-path', 'a', '--log-path', 'b'], []), text);
}

async function checkAnswer(stage: FakeStage, { text, status }: TextFact): Promise<void> {
  await stage.serve(0, BASE_ID);
  const answer = await stage.ask('GET', '/drain_listeners');
  assert.deepEqual(answer, { status, body: text });
}
