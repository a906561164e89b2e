// How fast the DNS server answers: names of the mesh itself, and others through a resolver. Beside it a server on
// node:dgram that does next to nothing: no server on Node is faster, and no faster resolver could stand behind ours.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';

import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { runLoad, type LoadResult } from './dns/load.ts';
import { ASKED, HOSTS, QUESTIONS } from './dns/names.ts';
import { onProcessor, OTHER_PROCESSOR, SERVER_PROCESSOR } from './dns/processors.ts';
import { median, type Bench, type TextTable } from './figures.ts';
import { processorMs } from './footprint.ts';

const RUNS = 3;
const SECONDS = 3;
const OUTSTANDING = [1, 32, 256];
const HEAD = ['', 'outstanding', 'per second', 'p50 ms', 'p99 ms', 'processor µs', 'lost'];

export const dns: Bench = {
  name: 'dns',
  how:
    `dnsperf over UDP, ${SECONDS} s, medians of ${RUNS} runs in turns after one that does not count; ${ASKED} names of a ` +
    `table of ${HOSTS} hosts, or others through a resolver; the server has one processor, dnsperf and the resolver another`,
  run: async () => {
    await using folder = await temporaryDirectory();
    await using servers = await startServers();
    const runs: Measured[][] = [];
    for (let run = 0; run <= RUNS; run += 1) {
      const measured = [];
      for (const subject of servers.subjects) {
        for (const outstanding of OUTSTANDING)
          measured.push(await measure(folder.path, subject, outstanding));
      }
      runs.push(measured);
    }
    return tableOf(servers.subjects, runs.slice(1));
  },
};

interface Program extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}

interface Subject {
  readonly name: string;
  readonly program: Program;
  readonly questions: string;
}

interface Measured extends LoadResult {
  /** Of the server, for each answer, microseconds. */
  readonly processorUs: number;
}

async function measure(
  folder: string,
  { program: { pid, port }, questions }: Subject,
  outstanding: number,
): Promise<Measured> {
  const beforeMs = await processorMs(pid);
  const load = { port, questions, outstanding, seconds: SECONDS };
  const result = await runLoad(folder, load, OTHER_PROCESSOR);
  return { ...result, processorUs: (1000 * ((await processorMs(pid)) - beforeMs)) / result.answers };
}

async function startServers(): Promise<AsyncDisposable & { readonly subjects: readonly Subject[] }> {
  await using opened = new AsyncDisposableStack();
  const alone = opened.use(await start(SERVER_PROCESSOR, 'resolver-process.ts'));
  const resolver = opened.use(await start(OTHER_PROCESSOR, 'resolver-process.ts'));
  const server = opened.use(await start(SERVER_PROCESSOR, 'server-process.ts', String(resolver.port)));
  const subjects = [
    { name: 'node:dgram alone', program: alone, questions: QUESTIONS.local },
    { name: 'names of the mesh', program: server, questions: QUESTIONS.local },
    { name: 'forwarded', program: server, questions: QUESTIONS.others },
  ];
  const all = opened.move();
  return { subjects, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Resolves when the program serves. */
async function start(processor: number, file: string, ...words: readonly string[]): Promise<Program> {
  const path = resolve(import.meta.dirname, 'dns', file);
  const [command = '', ...rest] = onProcessor(processor, [process.execPath, path, ...words]);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string];
  return {
    pid: child.pid ?? -1, // taskset becomes the program
    port: Number(/port (\d+)/.exec(line)?.[1]),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function tableOf(subjects: readonly Subject[], runs: readonly (readonly Measured[])[]): TextTable {
  const cases = subjects.flatMap(({ name }) => OUTSTANDING.map((outstanding) => ({ name, outstanding })));
  const lines = cases.map(({ name, outstanding }, place) => {
    const middle = (value: (measured: Measured) => number): number =>
      median(runs.flatMap((run) => run.slice(place, place + 1)).map(value));
    return [
      name,
      String(outstanding),
      middle(({ perSecond }) => perSecond).toFixed(0),
      middle(({ p50Ms }) => p50Ms).toFixed(2),
      middle(({ p99Ms }) => p99Ms).toFixed(2),
      middle(({ processorUs }) => processorUs).toFixed(1),
      middle(({ lost }) => lost).toFixed(0),
    ];
  });
  return { head: HEAD, lines };
}
