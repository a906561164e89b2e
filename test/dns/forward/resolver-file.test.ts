import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { followResolverFile } from '../../../src/dns/forward/resolver-file.ts';
import { readTextIfExists } from '../../../src/runtime/files.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { someTurns, turnsUntil } from '../../support/turns.ts';

const TEXT = 'nameserver 10.0.0.1\n';
const PATH = '/nowhere/resolv.conf';

class Following implements AsyncDisposable {
  text: string | Error | undefined = TEXT;
  readonly changes: unknown[] = [];
  readonly recorded = recordingLog();
  readonly clock = new FakeClock();
  reads = 0;
  readonly #stop = new AbortController();
  readonly #end: Promise<void>;

  constructor(path = PATH, read?: (path: string) => Promise<string | undefined>) {
    const readText = async (): Promise<string | undefined> => {
      const text = read === undefined ? this.text : await read(path);
      this.reads += 1;
      if (text instanceof Error) throw text;
      return text;
    };
    const deps = { clock: this.clock, log: this.recorded.log, readText };
    const changed = (said: unknown): void => void this.changes.push(said);
    this.#end = followResolverFile({ path, text: TEXT, listen: [] }, deps, changed, this.#stop.signal);
    this.#end.catch(() => undefined); // looked at when it is stopped
  }

  /** Resolves when the file has been read once more. */
  async look(): Promise<void> {
    await turnsUntil(() => this.clock.sleepers === 1);
    const { reads } = this;
    await this.clock.tick(2000);
    await turnsUntil(() => this.reads > reads && this.clock.sleepers === 1);
  }

  async becomes(text: string | Error | undefined): Promise<void> {
    await turnsUntil(() => this.clock.sleepers === 1);
    this.text = text;
    await this.look();
  }

  stop(): void {
    this.#stop.abort(new Error('asked to'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await rejects(this.#end, { message: 'asked to' });
    equal(this.clock.sleepers, 0);
  }
}

describe('followResolverFile', () => {
  it('tells what the file says when it has changed', async () => {
    await using following = new Following();

    await following.becomes('nameserver 10.0.0.2\nsearch a\noptions attempts:2\n');

    deepEqual(following.changes, [
      { resolvers: [{ host: '10.0.0.2', port: 53 }], search: ['a'], retries: 1 },
    ]);
    deepEqual(following.recorded.messages('info'), [`${PATH} has changed: resolvers 10.0.0.2:53`]);
  });

  it('is silent about a file that says the same', async () => {
    await using following = new Following();

    await following.becomes(TEXT);

    deepEqual([following.changes, following.recorded.messages()], [[], []]);
  });

  const unusable: [string, string | Error | undefined, readonly string[]][] = [
    ['is empty', '', [`${PATH} names no resolver any more: those it named before are asked on`]],
    [
      'is broken',
      'nameserver x\n\u0000',
      [
        'ignored name servers that are no IP address: x',
        `${PATH} names no resolver any more: those it named before are asked on`,
      ],
    ],
    ['is gone', undefined, [`${PATH} is not there any more: those it named before are asked on`]],
    [
      'cannot be read',
      new Error('EACCES'),
      [`${PATH} cannot be read (EACCES): those it named before are asked on`],
    ],
  ];
  for (const [what, text, warnings] of unusable) {
    it(`says once that a file ${what}, tells nothing, and follows on`, async () => {
      await using following = new Following();

      await following.becomes(text);
      await following.look();
      const before = following.changes.length;
      await following.becomes('nameserver 10.0.0.3\n');

      equal(before, 0);
      deepEqual(following.recorded.messages('warn'), warnings);
      equal(following.changes.length, 1);
    });
  }

  it('tells nothing any more once it is told to end, though the file is being read', async () => {
    const read = Promise.withResolvers<string>();
    await using following = new Following(PATH, () => read.promise);

    following.stop();
    read.resolve('nameserver 10.0.0.2\n');
    await someTurns();

    deepEqual([following.reads, following.changes], [1, []]);
  });

  it('sees a file that is replaced, one that is written in place, and links that lead elsewhere', async () => {
    await using temporary = await temporaryDirectory();
    const at = (...names: string[]): string => join(temporary.path, ...names);
    const path = at('resolv.conf');
    await writeFile(path, TEXT);
    await using following = new Following(path, readTextIfExists);
    const steps: readonly (() => Promise<unknown>)[] = [
      async () => {
        await writeFile(at('new'), 'nameserver 10.0.0.2\n');
        await rename(at('new'), path);
      },
      () => writeFile(path, 'nameserver 10.0.0.3\n'),
      async () => {
        for (const version of ['4', '5']) {
          await mkdir(at(version));
          await writeFile(at(version, 'resolv.conf'), `nameserver 10.0.0.${version}\n`);
        }
        await symlink('4', at('..data'));
        await rm(path);
        await symlink('..data/resolv.conf', path);
      },
      async () => {
        await symlink('5', at('..new'));
        await rename(at('..new'), at('..data'));
      },
    ];

    for (const step of steps) {
      await following.look();
      await step();
    }
    await following.look();

    const hosts = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'];
    deepEqual(
      following.changes,
      hosts.map((host) => ({ resolvers: [{ host, port: 53 }], search: [], retries: 0 })),
    );
  });
});
