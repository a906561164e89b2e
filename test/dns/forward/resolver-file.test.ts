import { deepEqual, equal, rejects } from 'node:assert/strict';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { followResolverFile } from '../../../src/dns/forward/resolver-file.ts';
import { readTextIfExists } from '../../../src/runtime/files.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { watchFiles } from '../../../src/runtime/watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { someTurns, turnsUntil } from '../support/turns.ts';

const TEXT = 'nameserver 10.0.0.1\n';
const PATH = '/nowhere/resolv.conf';

class Following implements AsyncDisposable {
  text: string | Error | undefined = TEXT;
  readonly changes: unknown[] = [];
  readonly recorded = recordingLog();
  readonly clock = new FakeClock();
  watchers = 0;
  reads = 0;
  event = (): void => undefined;
  readonly #stop = new AbortController();
  readonly #end: Promise<void>;

  constructor() {
    const file = { path: PATH, text: TEXT, listen: [] };
    const readText = async (): Promise<string | undefined> => {
      this.reads += 1;
      if (this.text instanceof Error) throw this.text;
      return this.text;
    };
    const watch = async (_paths: readonly string[], onChange: () => void) => {
      this.watchers += 1;
      this.event = onChange;
      const close = async (): Promise<void> => void (this.watchers -= 1);
      return { close, [Symbol.asyncDispose]: close };
    };
    const deps = { clock: this.clock, log: this.recorded.log, readText, watch };
    const changed = (said: unknown): void => void this.changes.push(said);
    this.#end = followResolverFile(file, deps, changed, this.#stop.signal);
    this.#end.catch(() => undefined); // looked at when it is stopped
  }

  /** The file is another one, and that is noticed. */
  async becomes(text: string | Error | undefined): Promise<void> {
    await turnsUntil(() => this.reads > 0);
    await someTurns();
    const { reads } = this;
    this.text = text;
    this.event();
    this.event();
    await someTurns();
    await this.clock.tick(100);
    await turnsUntil(() => this.reads > reads);
    await someTurns();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('asked to'));
    await rejects(this.#end, { message: 'asked to' });
    equal(this.watchers, 0);
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
      [`cannot read ${PATH}: EACCES`, `${PATH} is not there any more: those it named before are asked on`],
    ],
  ];
  for (const [what, text, warnings] of unusable) {
    it(`says that a file ${what}, tells nothing, and follows on`, async () => {
      await using following = new Following();

      await following.becomes(text);
      const before = following.changes.length;
      await following.becomes('nameserver 10.0.0.3\n');

      equal(before, 0);
      deepEqual(following.recorded.messages('warn'), warnings);
      equal(following.changes.length, 1);
    });
  }

  describe('with real files', () => {
    let temporary: TemporaryDirectory;
    beforeEach(async () => {
      temporary = await temporaryDirectory();
    });
    afterEach(() => temporary.remove());

    it('sees a file that is replaced, one that is written in place, and one that a link leads to', async () => {
      const path = join(temporary.path, 'resolv.conf');
      const target = join(temporary.path, 'run', 'stub.conf');
      await mkdir(join(temporary.path, 'run'));
      await writeFile(path, TEXT);
      const hosts: string[] = [];
      const { log } = recordingLog();
      const deps = {
        clock: systemClock(),
        log,
        readText: readTextIfExists,
        watch: (paths: readonly string[], onChange: () => void) => watchFiles(paths, log, onChange),
      };
      const stop = new AbortController();
      const file = { path, text: await readFile(path, 'utf8'), listen: [] };
      const changed = ({ resolvers: [first] }: { resolvers: readonly { host: string }[] }): void =>
        void hosts.push(first?.host ?? '');
      const following = followResolverFile(file, deps, changed, stop.signal);

      await writeFile(`${path}.new`, 'nameserver 10.0.0.2\n');
      await rename(`${path}.new`, path);
      await turnsUntil(() => hosts.length === 1);
      await writeFile(path, 'nameserver 10.0.0.3\n');
      await turnsUntil(() => hosts.length === 2);
      await writeFile(target, 'nameserver 10.0.0.4\n');
      await rm(path);
      await symlink(target, path);
      await turnsUntil(() => hosts.length === 3);
      await writeFile(target, 'nameserver 10.0.0.5\n');
      await turnsUntil(() => hosts.length === 4);

      deepEqual(hosts, ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5']);
      stop.abort(new Error('asked to'));
      await rejects(following, { message: 'asked to' });
    });
  });
});
