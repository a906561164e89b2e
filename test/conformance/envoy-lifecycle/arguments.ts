// Command lines of Envoy: the whole argv, the split of the log level, and the text of the bootstrap override.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readBootstrapOverride } from '../../../src/bootstrap/bootstrap-override.ts';
import {
  envoyArguments,
  localAddressIpVersion,
  splitLogLevel,
  type ArgumentSettings,
} from '../../../src/envoy/process/arguments.ts';
import { parseDurationMs } from '../../../src/runtime/duration.ts';
import { sortedObject, type JsonObject } from '../../../src/runtime/json.ts';
import type { ConformanceCase } from '../case.ts';
import { checkShape } from './shapes.ts';

interface ArgvInputs {
  readonly hotRestart: boolean;
  readonly epoch?: number;
  readonly baseId?: number;
  readonly parentShutdownDuration?: string;
  readonly skipParentStats?: boolean;
  readonly config: string;
  readonly drainDuration: string;
  readonly fileFlushInterval?: string;
  readonly fileFlushMinSizeKb?: number;
  readonly logLevel?: string;
  readonly componentLogLevel?: string;
  readonly nodeIPs: readonly string[];
  readonly concurrency?: number;
  readonly skipDeprecatedLogs?: boolean;
  readonly override?: JsonObject;
}

interface ArgvCase {
  readonly name: string;
  readonly in: ArgvInputs;
  readonly want: readonly string[];
}

interface LevelCase {
  readonly in: string;
  readonly level: string;
  readonly components: readonly string[];
}

interface OverrideCase {
  readonly hostIP: string;
  readonly in: string;
  readonly want: string;
}

export interface ArgumentLists {
  readonly argv: readonly ArgvCase[];
  readonly levelSplit: readonly LevelCase[];
  readonly override: readonly OverrideCase[];
}

const REQUIRED_INPUTS = ['hotRestart', 'config', 'drainDuration', 'nodeIPs'];
const HOT_INPUTS = ['epoch', 'baseId', 'parentShutdownDuration', 'skipParentStats'];
const OPTIONAL_INPUTS = [
  'fileFlushInterval',
  'fileFlushMinSizeKb',
  'logLevel',
  'componentLogLevel',
  'concurrency',
  'skipDeprecatedLogs',
  'override',
];

export function* argumentCases(lists: ArgumentLists): Iterable<ConformanceCase> {
  checkShape(lists, 'envoy-args.json', ['argv', 'levelSplit', 'override'], ['description']);
  for (const item of lists.argv) yield { name: `argv: ${item.name}`, run: async () => checkArgv(item) };
  for (const item of lists.levelSplit) {
    yield { name: `level split: ${item.in}`, run: async () => checkLevels(item) };
  }
  for (const item of lists.override) {
    yield { name: `override with HOST_IP ${item.hostIP}`, run: () => checkOverride(item) };
  }
}

function checkArgv(item: ArgvCase): void {
  checkShape(item, item.name, ['name', 'in', 'want'], ['origin']);
  const given = item.in;
  const optional = given.hotRestart ? [...OPTIONAL_INPUTS, ...HOT_INPUTS] : OPTIONAL_INPUTS;
  checkShape(given, item.name, REQUIRED_INPUTS, optional);
  const override = given.override && JSON.stringify(sortedObject(given.override));
  const identity = given.hotRestart ? { epoch: given.epoch ?? 0, baseId: given.baseId ?? 0 } : undefined;
  const bootstrap = { path: given.config, override };
  assert.deepEqual(envoyArguments(settingsOf(given), bootstrap, identity), item.want);
}

function settingsOf(given: ArgvInputs): ArgumentSettings {
  return {
    drainDurationMs: parseDurationMs(given.drainDuration),
    parentShutdownDurationMs: parseDurationMs(given.parentShutdownDuration ?? '60s'),
    skipParentStats: given.skipParentStats ?? false,
    localAddressIpVersion: localAddressIpVersion(given.nodeIPs),
    fileFlushIntervalMs: parseDurationMs(given.fileFlushInterval ?? '1s'),
    fileFlushMinSizeKb: given.fileFlushMinSizeKb ?? 0,
    logLevel: given.logLevel ?? '',
    componentLogLevel: given.componentLogLevel ?? '',
    skipDeprecatedLogs: given.skipDeprecatedLogs ?? false,
    enableCoreDump: false,
    concurrency: given.concurrency ?? 0,
    extraArguments: [],
  };
}

function checkLevels(item: LevelCase): void {
  checkShape(item, item.in, ['in', 'level', 'components']);
  const { level, components } = splitLogLevel(item.in);
  assert.deepEqual({ level, components }, { level: item.level, components: item.components });
}

async function checkOverride(item: OverrideCase): Promise<void> {
  checkShape(item, 'override', ['hostIP', 'in', 'want']);
  const folder = await mkdtemp(join(tmpdir(), 'override-case-'));
  try {
    const path = join(folder, 'override.yaml');
    await writeFile(path, item.in);
    const fail = (message: string): never => assert.fail(`a warning: ${message}`);
    assert.equal(await readBootstrapOverride(path, item.hostIP, fail), item.want);
  } finally {
    await rm(folder, { recursive: true });
  }
}
