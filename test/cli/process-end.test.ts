import { deepEqual, equal } from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Writable } from 'node:stream';

import { endProcess } from '../../src/cli/process-end.ts';

const ENDING = join(import.meta.dirname, 'fixtures/ending-process.ts');

interface Ending {
  readonly ending: Parameters<typeof endProcess>[0];
  readonly done: readonly unknown[];
  /** Lets what was written arrive. */
  readonly read: () => void;
}

function endingProcess(resources: readonly string[]): Ending {
  const done: unknown[] = [];
  let held: (() => void)[] | undefined = [];
  const slow = new Writable({
    write: (_chunk, _encoding, next) => {
      const arrive = (): void => (done.push('written'), next());
      if (held === undefined) arrive();
      else held.push(arrive);
    },
  });
  const read = (): void => {
    const waiting = held ?? [];
    held = undefined;
    for (const arrive of waiting) arrive();
  };
  const fast = new Writable({ write: (_chunk, _encoding, next) => next() });
  const ending = {
    stdout: slow,
    stderr: fast,
    getActiveResourcesInfo: () => [...resources],
    emit: (event: string, code: number) => done.push([event, code]),
    exit: (code: number) => void done.push(`exit ${code}`),
    execve: (file: string, args: readonly string[]) => void done.push([file, ...args]),
  };
  return { ending, done, read };
}

describe('endProcess', () => {
  it('exits once everything written has arrived', async () => {
    const { ending, done, read } = endingProcess(['Timeout']);
    ending.stdout.write('the last line\n');

    const ended = endProcess(ending, 7);
    await new Promise(setImmediate);
    const before = [...done];
    read();
    await ended;

    deepEqual(before, []);
    deepEqual(done, ['written', 'written', 'exit 7']);
  });

  it('leaves a lookup behind that still hangs, after it has told of the end', async () => {
    const { ending, done, read } = endingProcess(['Timeout', 'GetAddrInfoReqWrap']);

    read();
    await endProcess(ending, 7);

    deepEqual(done.slice(1, 3), [
      ['exit', 7],
      ['/bin/sh', '/bin/sh', '-c', 'exit 7'],
    ]);
  });

  it('exits when nobody reads any more', async () => {
    const { ending, done } = endingProcess([]);
    (ending.stdout as Writable).on('error', () => undefined).destroy(new Error('EPIPE'));

    await endProcess(ending, 7);

    deepEqual(done, ['exit 7']);
  });

  it('cuts nothing of what a slow reader has yet to read', async () => {
    const child = spawn(process.execPath, [ENDING, '5'], { stdio: ['ignore', 'pipe', 'pipe'] });
    const exit = once(child, 'exit');
    child.stderr.resume();
    await once(child.stdout, 'readable'); // what the pipe cannot hold is still in the process

    let bytes = 0;
    for await (const chunk of child.stdout) bytes += (chunk as Buffer).length;

    equal(bytes, (1 << 20) + 1);
    deepEqual(await exit, [5, null]);
  });

  const ways: [what: string, nodeWords: readonly string[], shell: string][] = [
    ['', [], '/bin/sh'],
    [' without a shell', [], '/no/sh'],
    [' where it may not become another program', ['--permission', '--allow-fs-read=*'], '/bin/sh'],
  ];
  for (const [what, nodeWords, shell] of ways) {
    it(`keeps its exit code when it leaves a lookup behind${what}`, () => {
      const words = [...nodeWords, ENDING, '7', shell];

      const { status, stdout } = spawnSync(process.execPath, words, { maxBuffer: 1 << 22 });

      deepEqual([status, stdout.length], [7, (1 << 20) + 1]);
    });
  }
});
