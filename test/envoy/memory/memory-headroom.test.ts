import { equal } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { lackOfMemory } from '../../../src/envoy/memory/memory-headroom.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

const MIB = 2 ** 20;
const PID = 7;

describe('lackOfMemory', () => {
  let folder: TemporaryDirectory;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    await write(`proc/${PID}/smaps_rollup`, `Rss:  66000 kB\nAnonymous:          ${10 * 1024} kB\n`);
  });
  afterEach(() => folder.remove());

  async function write(path: string, text: string): Promise<void> {
    const full = join(folder.path, path);
    await mkdir(dirname(full), { recursive: true });
    await writeFile(full, text);
  }

  const lack = (): Promise<string | undefined> =>
    lackOfMemory(PID, {
      processes: join(folder.path, 'proc'),
      cgroup: { membership: join(folder.path, 'cgroup'), mount: join(folder.path, 'mount') },
    });

  /** The second version of the control groups. */
  async function limited(limit: string, usedBytes: number, cachedBytes = 0): Promise<void> {
    await write('cgroup', '0::/\n');
    await write('mount/memory.max', `${limit}\n`);
    await write('mount/memory.current', `${usedBytes}\n`);
    await write('mount/memory.stat', `anon 1\ninactive_file ${cachedBytes}\n`);
  }

  it('lets a second Envoy in while a fifth more than the first has allocated is free', async () => {
    await limited(String(100 * MIB), 88 * MIB);
    equal(await lack(), undefined);

    await limited(String(100 * MIB), 89 * MIB);
    equal(await lack(), 'a second Envoy needs about 12 MiB, and 11 of 100 MiB are free');
  });

  it('counts files that are only cached as free', async () => {
    await limited(String(100 * MIB), 99 * MIB, 30 * MIB);

    equal(await lack(), undefined);
  });

  it('knows no lack without a limit', async () => {
    await limited('max', 99 * MIB);
    equal(await lack(), undefined);

    await write('cgroup', '');
    equal(await lack(), undefined);
  });

  it('reads the first version of the control groups, whose largest number is no limit', async () => {
    await write('cgroup', '4:memory:/pod\n');
    await write('mount/memory/pod/memory.usage_in_bytes', `${99 * MIB}`);
    await write('mount/memory/pod/memory.stat', `inactive_file 0\ntotal_inactive_file ${MIB}\n`);
    await write('mount/memory/pod/memory.limit_in_bytes', '9223372036854771712\n');
    equal(await lack(), undefined);

    await write('mount/memory/pod/memory.limit_in_bytes', `${100 * MIB}\n`);
    equal(await lack(), 'a second Envoy needs about 12 MiB, and 2 of 100 MiB are free');
  });

  it('counts resident anonymous memory where the details may not be read', async () => {
    await limited(String(100 * MIB), 99 * MIB);
    await write(`proc/${PID}/smaps_rollup`, '');
    await write(`proc/${PID}/status`, `VmRSS:\t   66000 kB\nRssAnon:\t   ${20 * 1024} kB\n`);

    equal(await lack(), 'a second Envoy needs about 24 MiB, and 1 of 100 MiB are free');
  });

  it('knows no lack of a process that cannot be looked at', async () => {
    await limited(String(100 * MIB), 99 * MIB);

    await write(`proc/${PID}/smaps_rollup`, '');

    equal(await lack(), undefined);
  });
});
