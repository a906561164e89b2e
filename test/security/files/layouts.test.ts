// Every way in which platforms lay out and replace certificate files. Numbers in titles are those of the list of
// behaviours in the security specification.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DirectoryEvents, Watcher } from '../../../src/runtime/watch.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { issuePair, makeAuthority, type PemPair } from '../authority.ts';
import { turns, until } from '../progress.ts';
import { FileWorld } from './file-world.ts';

const FIVE = [2, 3, 4, 5, 6];

/** Lets time pass, and files be read meanwhile, until the condition holds. */
async function ticking(clock: FakeClock, condition: () => boolean): Promise<void> {
  while (!condition()) {
    await clock.tick(100);
    await turns();
  }
}

describe('watching certificate files', () => {
  let pairs: readonly PemPair[];
  let roots: readonly string[];
  let files: FileWorld;
  before(async () => {
    const authorities = await Promise.all(
      ['1', '2', '3', '4', '5', '6', '7'].map((name) => makeAuthority(name)),
    );
    roots = authorities.map(({ rootPem }) => rootPem);
    pairs = await Promise.all(authorities.map((authority) => issuePair(authority, ['web.example'])));
  });
  beforeEach(async () => {
    files = await FileWorld.create();
  });
  afterEach(() => files[Symbol.asyncDispose]());

  const root = (index: number): string => roots[index] ?? '';

  function volume(version: number): Record<string, string> {
    const { chainPem = '', keyPem = '' } = pairs[version] ?? {};
    return { 'tls.crt': chainPem, 'tls.key': keyPem };
  }

  it('sees a plain file written in place, and one replaced by another of the same size and time', async () => {
    const path = join(files.path, 'r.pem');
    await writeFile(path, root(1));
    await utimes(path, 1, 1);
    await files.served('file-root:r.pem');
    await files.watching(1);

    await writeFile(path, root(2));
    await files.untilChanges(1);
    await writeFile(`${path}.new`, root(3));
    await utimes(`${path}.new`, 1, 1);
    await rename(`${path}.new`, path);
    await files.untilChanges(2);

    equal(await files.served('file-root:r.pem'), root(3));
  });

  it('42: sees the targets of links replaced, once for each secret that changed', async () => {
    await files.replace('real/c.pem', volume(1)['tls.crt'] ?? '');
    await files.replace('real/k.pem', volume(1)['tls.key'] ?? '');
    await files.replace('real/r.pem', root(1));
    for (const name of ['c.pem', 'k.pem', 'r.pem']) await files.link(`links/${name}`, `../real/${name}`);
    const pair = 'file-cert:links/c.pem~links/k.pem';
    await files.served(pair);
    await files.served('file-root:links/r.pem');
    await files.watching(2);

    await files.replace('real/r.pem', root(2));
    await files.untilChanges(1);
    await files.replace('real/c.pem', volume(2)['tls.crt'] ?? '');
    await files.replace('real/k.pem', volume(2)['tls.key'] ?? '');
    await files.untilChanges(2);

    deepEqual(files.changes, ['file-root:links/r.pem', pair]);
    equal(await files.served(pair), volume(2)['tls.crt']);
  });

  it('43: sees a file below a linked directory', async () => {
    await files.replace('a/b-alt/c/d/cert.pem', root(1));
    await files.link('a/b', 'b-alt');
    await files.served('file-root:a/b/c/d/cert.pem');
    await files.watching(2);

    await files.replace('a/b-alt/c/d/cert.pem', root(2));
    await files.untilChanges(1);

    equal(await files.served('file-root:a/b/c/d/cert.pem'), root(2));
  });

  it('43: sees the directory link itself replaced', async () => {
    await files.replace('a/one/cert.pem', root(1));
    await files.replace('a/two/cert.pem', root(2));
    await files.link('a/b', 'one');
    await files.served('file-root:a/b/cert.pem');
    await files.watching(2);

    await files.link('a/new', 'two');
    await rename(join(files.path, 'a/new'), join(files.path, 'a/b'));
    await files.untilChanges(1);
    await files.replace('a/two/cert.pem', root(3));
    await files.untilChanges(2);

    equal(await files.served('file-root:a/b/cert.pem'), root(3));
  });

  it('44: sees five swaps of a Kubernetes volume, each once', async () => {
    const name = 'file-cert:secret/tls.crt~secret/tls.key';
    await files.publish('secret', 1, volume(1));
    await files.served(name);
    await files.watching(2);

    for (const [count, version] of FIVE.entries()) {
      await files.publish('secret', version, volume(version));
      await files.untilChanges(count + 1);
      equal(await files.served(name), volume(version)['tls.crt']);
    }

    deepEqual(
      files.changes,
      FIVE.map(() => name),
    );
    await until(() => files.directories.size === 2);
  });

  it('45: sees five swaps at the end of a chain of links through another directory', async () => {
    const name = 'file-cert:app/cert.pem~app/key.pem';
    await files.publish('csi', 1, volume(1));
    await files.link('app/cert.pem', join(files.path, 'csi/tls.crt'));
    await files.link('app/key.pem', '../csi/tls.key');
    await files.served(name);
    await files.watching(3);

    for (const [count, version] of FIVE.entries()) {
      await files.publish('csi', version, volume(version));
      await files.untilChanges(count + 1);
      equal(await files.served(name), volume(version)['tls.crt']);
    }

    deepEqual(
      files.changes,
      FIVE.map(() => name),
    );
  });

  it('46: sees changes again after the directory with the links was removed and made anew', async () => {
    const name = 'file-root:links/r.pem';
    await files.replace('real/r.pem', root(1));
    await files.link('links/r.pem', '../real/r.pem');
    await files.served(name);
    await files.watching(2);

    await files.remove('links');
    await until(() => files.recorded.messages('warn').length === 1);
    equal(await files.served(name), root(1));
    await files.replace('real/r.pem', root(2));
    await files.link('links/r.pem', '../real/r.pem');
    await files.untilChanges(1);
    await files.replace('real/r.pem', root(3));
    await files.untilChanges(2);

    equal(await files.served(name), root(3));
    match(files.recorded.messages('warn').join(), /no such file or directory/);
    equal(files.recorded.messages('warn').length, 1);
  });

  it('46: sees a directory that another one replaces', async () => {
    await files.replace('certs/r.pem', root(1));
    await files.served('file-root:certs/r.pem');
    await files.watching(1);

    await files.replace('other/r.pem', root(2));
    await rename(join(files.path, 'certs'), join(files.path, 'old'));
    await rename(join(files.path, 'other'), join(files.path, 'certs'));
    await files.untilChanges(1);
    await files.replace('certs/r.pem', root(3));
    await files.untilChanges(2);

    equal(await files.served('file-root:certs/r.pem'), root(3));
  });

  it('47: serves the target of a broken link once it is there', async () => {
    await files.link('links/r.pem', '../real/r.pem');
    const served = files.served('file-root:links/r.pem');
    await turns();

    await files.replace('real/r.pem', root(1));

    equal(await served, root(1));
  });

  it('47: sees a link that is broken for a while', async () => {
    await files.replace('real/r.pem', root(1));
    await files.link('links/r.pem', '../real/r.pem');
    await files.served('file-root:links/r.pem');
    await files.watching(2);

    await files.remove('real');
    await until(() => files.recorded.messages('warn').length === 1);
    await mkdir(join(files.path, 'real'));
    await files.replace('real/r.pem', root(2));
    await files.untilChanges(1);

    equal(await files.served('file-root:links/r.pem'), root(2));
  });

  describe('on a mount that tells of nothing', () => {
    const silent = async (): Promise<Watcher> => {
      const close = async (): Promise<void> => undefined;
      return { close, [Symbol.asyncDispose]: close };
    };

    it('48: sees a change within the poll interval', async () => {
      const clock = new FakeClock();
      await using mount = await FileWorld.create({ clock, pollMs: 30_000, watchDirectory: silent });
      await mount.replace('r.pem', root(1));
      await mount.served('file-root:r.pem');
      await until(() => clock.sleepers === 1);

      await mount.replace('r.pem', root(2));
      await clock.tick(29_999);
      await turns();
      deepEqual(mount.changes, []);
      await clock.tick(1);
      await mount.untilChanges(1);

      equal(await mount.served('file-root:r.pem'), root(2));
    });

    it('48: does not look by itself when the interval is 0', async () => {
      const clock = new FakeClock();
      await using mount = await FileWorld.create({ clock, pollMs: 0, watchDirectory: silent });
      await mount.replace('r.pem', root(1));
      await mount.served('file-root:r.pem');
      await mount.watching(1);

      await mount.replace('r.pem', root(2));
      await clock.tick(3_600_000);
      await turns();

      deepEqual(mount.changes, []);
      equal(clock.sleepers, 0);
    });
  });

  describe('when a directory cannot be watched', () => {
    it('counts it, tries again less and less often, and looks by itself meanwhile', async () => {
      const clock = new FakeClock();
      const told: DirectoryEvents[] = [];
      const failing = async (_path: string, events: DirectoryEvents): Promise<Watcher> => {
        await turns(1);
        told.push(events);
        if (told.length <= 3) events.failed(new Error('no space left on device'));
        const close = async (): Promise<void> => undefined;
        return { close, [Symbol.asyncDispose]: close };
      };
      await using mount = await FileWorld.create({ clock, pollMs: 30_000, watchDirectory: failing });
      await mount.replace('r.pem', root(1));
      await mount.served('file-root:r.pem');

      for (const [count, waitMs] of [750, 1125, 1688].entries()) {
        await until(() => told.length === count + 1 && clock.sleepers === 1);
        await clock.tick(waitMs);
      }
      await until(() => told.length === 4);
      await turns();

      equal(mount.watchFailures, 3);
      match(mount.recorded.messages('warn').join(), /failed to add watcher .*: no space left on device$/);
      told[3]?.changed();
      await mount.replace('r.pem', root(2));
      const beforeMs = clock.now();
      await ticking(clock, () => mount.changes.length === 1);
      ok(clock.now() - beforeMs < 30_000); // by the event, not by the poll
    });

    it('tries again when it was lost later', async () => {
      const clock = new FakeClock();
      const told: DirectoryEvents[] = [];
      const losing = async (_path: string, events: DirectoryEvents): Promise<Watcher> => {
        told.push(events);
        const close = async (): Promise<void> => undefined;
        return { close, [Symbol.asyncDispose]: close };
      };
      await using mount = await FileWorld.create({ clock, watchDirectory: losing });
      await mount.replace('r.pem', root(1));
      await mount.served('file-root:r.pem');
      await mount.watching(1);

      told[0]?.failed(new Error('lost'));
      await ticking(clock, () => told.length === 2);

      equal(mount.watchFailures, 1);
    });
  });
});
