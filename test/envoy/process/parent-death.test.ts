import { deepEqual, equal, rejects } from 'node:assert/strict';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { findOnPath } from '../../../src/envoy/process/binary.ts';
import { endingWithParent } from '../../../src/envoy/process/parent-death.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import type { Command, Spawn } from '../../../src/runtime/spawn.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A way to start processes, and the commands that came of it. */
function recorded(): { readonly spawn: Spawn; readonly files: string[] } {
  const files: string[] = [];
  const spawn: Spawn = (command) => {
    files.push(command.file);
    return execaSpawn(command);
  };
  return { files, spawn: endingWithParent({ clock: systemClock(), spawn }) };
}

const shell = (script: string, PATH: string): Command => ({
  file: '/bin/sh',
  args: ['-c', script],
  env: { PATH },
});

describe('endingWithParent', () => {
  it('starts what it is told, with the same arguments, and with a signal for the end of the parent', async function () {
    const PATH = process.env.PATH ?? '';
    if ((await findOnPath('setpriv', PATH)) === undefined) return console.log('    there is no setpriv here');
    const { spawn } = recorded();

    const child = await spawn(shell("tr '\\0' ' ' < /proc/$$/cmdline; exec setpriv --dump", PATH));
    const output = await text(child.stdout);

    equal(output.startsWith('/bin/sh -c tr'), true, output);
    equal(/parent death signal: kill/i.test(output), true, output);
  });

  it('starts it directly where there is no such tool, or one that cannot do it', async () => {
    await using folder = await temporaryDirectory();
    const { spawn, files } = recorded();
    const smaller = recorded();
    await writeFile(join(folder.path, 'setpriv'), '#!/bin/sh\nexit 1\n');
    await chmod(join(folder.path, 'setpriv'), 0o755);

    const child = await spawn(shell('exit 3', '/nonexistent'));
    const other = await smaller.spawn(shell('exit 4', folder.path));

    deepEqual(await Promise.all([child.exited, other.exited]), [
      { code: 3, signal: null },
      { code: 4, signal: null },
    ]);
    deepEqual(files, ['/bin/sh']);
    equal(smaller.files.at(-1), '/bin/sh');
  });

  it('looks for the tool once', async () => {
    await using folder = await temporaryDirectory();
    const tool = join(folder.path, 'setpriv');
    await writeFile(tool, '#!/bin/sh\nexit 1\n');
    await chmod(tool, 0o755);
    const { spawn, files } = recorded();

    for (let round = 0; round < 2; round += 1) await (await spawn(shell('exit 0', folder.path))).exited;

    deepEqual(files, [tool, '/bin/sh', '/bin/sh']);
  });

  it('rejects with the system error when the file is missing', async () => {
    const { spawn } = recorded();
    const env = { PATH: process.env.PATH ?? '' };

    await rejects(spawn({ file: '/nonexistent/envoy', args: [], env }), { code: 'ENOENT' });
  });
});
