import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { watchFiles } from '../../../src/runtime/watch.ts';
import { KeptAnchors } from '../../../src/security/upstream/kept-anchors.ts';
import type { Root } from '../../../src/security/upstream/roots.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { makeAuthority } from '../authority.ts';

const WARNING = 'Failed to init xds proxy dial options: ';

describe('KeptAnchors', () => {
  let folder: TemporaryDirectory;
  let roots: string[];
  let recorded: RecordingLog;
  let root: Root & { readonly kind: 'file' };
  before(async () => {
    roots = [(await makeAuthority('one')).rootPem, (await makeAuthority('two')).rootPem];
  });
  beforeEach(async () => {
    folder = await temporaryDirectory();
    recorded = recordingLog();
    root = { kind: 'file', path: join(folder.path, 'root.pem'), name: 'root.pem' };
    await writeFile(root.path, roots[0] ?? '');
  });
  afterEach(() => folder.remove());

  async function warned(count: number): Promise<void> {
    const deadlineMs = performance.now() + 5000;
    while (recorded.messages('warn').length < count) {
      if (performance.now() > deadlineMs) throw new Error(`only ${recorded.messages().join('\n')}`);
      await turn();
    }
  }

  /** Runs the watch while files change. */
  async function watching(change: () => Promise<void>): Promise<KeptAnchors> {
    const stop = new AbortController();
    const begun = Promise.withResolvers<void>();
    const anchors = await KeptAnchors.open(root, recorded.log, async (...args) => {
      const watcher = await watchFiles(...args);
      begun.resolve();
      return watcher;
    });
    const running = anchors.run(stop.signal);
    await anchors.read();
    await begun.promise;
    await change();
    stop.abort();
    await running;
    return anchors;
  }

  it('reads what the file holds at each call', async () => {
    const anchors = await KeptAnchors.open(root, recorded.log);

    await writeFile(root.path, roots[1] ?? '');

    assert.deepEqual(await anchors.read(), [roots[1]]);
    assert.deepEqual(recorded.messages(), []);
  });

  it('keeps the last good ones, and warns once for each cause', async () => {
    const anchors = await KeptAnchors.open(root, recorded.log);

    await rm(root.path);
    const reads = [await anchors.read(), await anchors.read()];

    assert.deepEqual(reads, [[roots[0]], [roots[0]]]);
    const [warning, ...more] = recorded.messages('warn');
    assert.ok(warning?.startsWith(WARNING), warning);
    assert.deepEqual(more, []);
  });

  it('warns again of a cause that was over meanwhile', async () => {
    const anchors = await KeptAnchors.open(root, recorded.log);

    for (const text of ['nothing', roots[1], 'nothing']) {
      await writeFile(root.path, text ?? '');
      await anchors.read();
    }

    assert.equal(recorded.messages('warn').length, 2);
    assert.deepEqual(await anchors.read(), [roots[1]]);
  });

  it('cannot begin without any', async () => {
    await rm(root.path);

    await assert.rejects(KeptAnchors.open(root, recorded.log), { name: 'TrustAnchorError' });
  });

  it('tells of a bad file when it is written, not when it is needed', async () => {
    await watching(async () => {
      await writeFile(root.path, 'no certificate');
      await warned(1);
    });

    assert.match(recorded.messages('warn')[0] ?? '', /^Failed to init xds proxy dial options: .*root\.pem/);
  });

  it('sees the swap of the volume that holds the file', async () => {
    const mount = async (name: string, text: string): Promise<void> => {
      await mkdir(join(folder.path, name));
      await writeFile(join(folder.path, name, 'root.pem'), text);
      await symlink(name, join(folder.path, '..new'));
      await rename(join(folder.path, '..new'), join(folder.path, '..data'));
    };
    await rm(root.path);
    await mount('..1', roots[0] ?? '');
    await symlink('..data/root.pem', root.path);

    const anchors = await watching(async () => {
      await mount('..2', 'no certificate');
      await warned(1);
      await mount('..3', roots[1] ?? '');
    });

    assert.deepEqual(await anchors.read(), [roots[1]]);
  });

  it('watches nothing before somebody connects, and ends by the signal', async () => {
    const stop = new AbortController();
    const watch = () => Promise.reject(new Error('it watches'));
    const anchors = await KeptAnchors.open(root, recorded.log, watch);

    const running = assert.rejects(anchors.run(stop.signal), { message: 'over' });
    await turn();
    stop.abort(new Error('over'));

    await running;
  });

  it('tells of a file that was spoilt before it was watched', async () => {
    const stop = new AbortController();
    const connected = Promise.withResolvers<void>();
    const anchors = await KeptAnchors.open(root, recorded.log, async (...args) => {
      await connected.promise;
      await writeFile(root.path, 'no certificate');
      return watchFiles(...args);
    });

    const running = anchors.run(stop.signal);
    await anchors.read();
    connected.resolve();
    await warned(1);
    stop.abort();
    await running;

    assert.ok(recorded.messages('warn')[0]?.startsWith(WARNING));
  });

  it('watches nothing for the roots of the system, and ends by the signal', async () => {
    const anchors = await KeptAnchors.open({ kind: 'system' }, recorded.log);

    await anchors.run(AbortSignal.abort());

    assert.deepEqual(recorded.messages(), []);
  });
});
