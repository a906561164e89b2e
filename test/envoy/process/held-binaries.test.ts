import { deepEqual, equal, match } from 'node:assert/strict';
import { statSync } from 'node:fs';
import { readlink, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileIdentity } from '../../../src/envoy/process/file-identity.ts';
import { HeldBinaries } from '../../../src/envoy/process/held-binaries.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { ModelSupervisor } from '../support/model-supervisor.ts';

/** `fileIdentity` without waiting for the machine: fake time passes meanwhile. */
function identityAtOnce(path: string): Promise<string | undefined> {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false });
  return Promise.resolve(facts && `${facts.dev}:${facts.ino}:${facts.size}:${facts.mtimeNs}`);
}

describe('HeldBinaries', () => {
  let folder: TemporaryDirectory;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    path = join(folder.path, 'envoy');
  });
  afterEach(() => folder.remove());

  /** Puts another program at the path; gives its identity. */
  async function upgrade(exitCode: number): Promise<string> {
    await writeFile(`${path}.new`, `#!/bin/sh\nexit ${exitCode}\n`, { mode: 0o755 });
    await rename(`${path}.new`, path);
    return (await fileIdentity(path)) ?? '';
  }

  async function held(binaries: HeldBinaries, id: string): Promise<string> {
    binaries.hold(path, id);
    for (;;) {
      const found = binaries.pathOf(id);
      if (found !== undefined) return found;
      await new Promise(setImmediate);
    }
  }

  it('gives a path at which a replaced program still runs', async () => {
    const binaries = new HeldBinaries();
    const old = await held(binaries, await upgrade(7));
    await upgrade(8);

    const { exited } = await execaSpawn({ file: old, args: [] });

    deepEqual(await exited, { code: 7, signal: null });
    await binaries.close();
  });

  it('holds no file that was replaced before, and none twice', async () => {
    const binaries = new HeldBinaries();
    const first = await upgrade(1);
    const second = await upgrade(2);
    binaries.hold(path, first);
    const at = await held(binaries, second);
    binaries.hold(path, second);

    equal(binaries.pathOf(first), undefined);
    equal(binaries.pathOf(second), at);
    await binaries.close();
  });

  it('lets go of the oldest of four, and of all at the end', async () => {
    const binaries = new HeldBinaries();
    const ids: string[] = [];
    for (const code of [1, 2, 3, 4]) {
      ids.push(await upgrade(code));
      await held(binaries, ids.at(-1) ?? '');
    }
    await new Promise(setImmediate);

    deepEqual(
      ids.map((id) => binaries.pathOf(id) !== undefined),
      [false, true, true, true],
    );
    await binaries.close();
    await binaries.close();
    equal(binaries.pathOf(ids[3]), undefined);
  });

  it('takes a supervisor back to the old program when an upgrade dies with nobody else left to ask', async () => {
    const old = await upgrade(1);
    const binaries = new HeldBinaries();
    const subject = new ModelSupervisor({ binaryPath: path }, { fileIdentity: identityAtOnce, binaries });
    const files: string[] = [];
    await subject.start();
    await held(binaries, old);
    subject.world.behave = (_index, { file }) => (files.push(file), {});
    await upgrade(2);
    const restart = subject.supervisor.restart('binary', { ifChanged: true });
    await subject.pass(1000);
    const { kind } = await restart;

    for (const envoy of subject.world.envoys) envoy.end({ code: null, signal: 'SIGSEGV' });
    await subject.pass(1000);

    equal(kind, 'committed');
    equal(files[0], path);
    match(files[1] ?? '', new RegExp(`^/proc/${process.pid}/fd/\\d+$`));
    match(await readlink(files[1] ?? ''), /\/envoy \(deleted\)$/);
    await subject.finish();
    await binaries.close();
  });
});
