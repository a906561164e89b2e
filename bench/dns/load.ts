// dnsperf, and what it says: how many answers came, and how long each one took. It is written in C and takes less of a
// processor than what it measures; a client on Node would measure itself.

import { execFile } from 'node:child_process';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { quantile } from '../figures.ts';
import { onProcessor } from './processors.ts';

export interface Load {
  readonly port: number;
  /** Lines of `name type`. */
  readonly questions: string;
  /** Queries that wait for an answer at one time. */
  readonly outstanding: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly answers: number;
  /** Queries without an answer within a second: datagrams that no buffer had room for. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @throws Error when an answer says that something went wrong */
export async function runLoad(folder: string, load: Load, processor: number): Promise<LoadResult> {
  const [questions, output] = [join(folder, 'questions'), join(folder, 'answers')];
  await writeFile(questions, load.questions);
  const words = ['-s', '127.0.0.1', '-p', String(load.port), '-d', questions, '-v', '-c', '1', '-t', '1'];
  const amount = ['-q', String(load.outstanding), '-l', String(load.seconds)];
  const [program = '', ...rest] = onProcessor(processor, ['dnsperf', ...words, ...amount]);
  const shell = [`exec "$@" > '${output}'`, program, program, ...rest];
  await promisify(execFile)('sh', ['-c', ...shell]);
  const result = await readResult(output);
  await rm(output);
  return result;
}

/** Lines of `> NOERROR name type seconds`, with `T` for the time that was over, then a summary. */
async function readResult(path: string): Promise<LoadResult> {
  const tookMs: number[] = [];
  let [perSecond, lost] = [NaN, 0];
  await using file = await open(path);
  for await (const line of file.readLines()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === '>' && words[1] === 'NOERROR') tookMs.push(Number(words.at(-1)) * 1000);
    else if (words[0] === '>' && words[1] === 'T') lost += 1;
    else if (words[0] === '>') throw new Error(`dnsperf: ${line}`);
    if (line.includes('Queries per second:')) perSecond = Number(words.at(-1));
  }
  return {
    perSecond,
    answers: tookMs.length,
    lost,
    p50Ms: quantile(tookMs, 0.5),
    p99Ms: quantile(tookMs, 0.99),
  };
}
