// The bundle's code cache: `node image/code-cache.ts <folder>` writes agent.cache beside the bundle, and `--check`
// tells whether this Node would take it. V8 takes a cache only from the very same build of itself under the same flags,
// so both are run by the Node, and with the NODE_OPTIONS, that will run the agent.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Script } from 'node:vm';

import { typicalRuns, type TypicalRun } from './typical-runs.ts';

const WRITER = join(import.meta.dirname, 'cache-writer.cjs');
const RUN_LIMIT_MS = 60_000;

/**
 * Runs the agent as pods do, each run with the cache that the one before it left, so that the last one holds all that
 * was compiled.
 *
 * @param folder with the bundle
 */
export async function writeCodeCache(folder: string): Promise<void> {
  await rm(join(folder, 'agent.cache'), { force: true });
  const root = await mkdtemp(join(tmpdir(), 'agent-cache-'));
  try {
    await using typical = await typicalRuns(root, process.env['ENVOY_PATH']);
    for (const run of typical.runs) await runAndWrite(resolve(folder), root, run);
  } finally {
    await rm(root, { recursive: true });
  }
}

async function runAndWrite(folder: string, root: string, { words, env, until }: TypicalRun): Promise<void> {
  const child = spawn(process.execPath, ['--require', WRITER, join(folder, 'agent'), ...words], {
    cwd: root,
    env: {
      AGENT_CODE_CACHE: join(folder, 'agent.cache'),
      NODE_OPTIONS: process.env['NODE_OPTIONS'],
      PATH: process.env['PATH'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: RUN_LIMIT_MS,
  });
  let output = '';
  let isTold = until === undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (isTold || !output.includes(until ?? '')) return;
    isTold = true;
    child.kill('SIGTERM');
  });
  await once(child, 'close');
  if (!isTold) throw new Error(`agent ${words.join(' ')} never said "${until}":\n${output}`);
}

/** @throws Error when this Node does not take the cache in the folder */
export async function checkCodeCache(folder: string): Promise<void> {
  const filename = join(folder, 'agent.cjs');
  const [source, cachedData] = await Promise.all([
    readFile(filename, 'latin1'),
    readFile(join(folder, 'agent.cache')),
  ]);
  const { cachedDataRejected } = new Script(source, { filename, cachedData });
  if (cachedDataRejected === false) return;
  const flags = process.env['NODE_OPTIONS'] ?? '';
  throw new Error(
    `Node ${process.versions.node} (V8 ${process.versions.v8}, NODE_OPTIONS "${flags}") does not take the code cache of ` +
      `${folder}: make it with this Node and these options, after the bundle`,
  );
}

async function main([folder = 'dist', flag]: readonly string[]): Promise<void> {
  await (flag === '--check' ? checkCodeCache(folder) : writeCodeCache(folder));
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
