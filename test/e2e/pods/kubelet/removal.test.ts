// What a kubelet makes on the machine is gone afterwards, even when it could not remove it itself.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import type { Podman } from '../podman/podman.ts';
import { Kubelet } from './kubelet.ts';
import { describeKubelet, TIMEOUT_MS } from './support/described.ts';
import { APPLICATION, podOf } from './support/pod-yaml.ts';
import { SERVE } from './support/programs.ts';

describeKubelet('a kubelet', (parts) => {
  it('removes a pod with all it had', async () => {
    const { kubelet, podman } = parts();
    const volumes = [{ name: 'memory', emptyDir: { medium: 'Memory' } }];
    const pod = await kubelet.run(podOf({ volumes, containers: [{ ...APPLICATION, ...SERVE }] }));
    await pod.untilReady(TIMEOUT_MS);
    const pid = pod.containerPid('app');

    await pod.delete();

    equal(existsSync(pod.networkNamespace), false);
    equal(existsSync(`/proc/${pid}`), false);
    deepEqual(
      await remains(podman, `${basename(kubelet.nodeNamespace).replace(/-node$/, '')}-${pod.ip}`),
      [],
    );
  });

  it('removes a pod whose container podman cannot make', async () => {
    const { kubelet } = parts();
    const pod = await kubelet.run(podOf({ restartPolicy: 'Never' })); // neither pod nor image names a program
    equal(await pod.untilEnded(TIMEOUT_MS), 'Failed');

    await pod.delete();

    match(pod.events.find(({ kind }) => kind === 'start-failed')?.detail ?? '', /no command/);
    equal(existsSync(pod.networkNamespace), false);
  });

  it('removes what a killed kubelet left behind', async () => {
    const { cluster, podman, image } = parts();
    const program = join(import.meta.dirname, 'support/killed-kubelet.ts');
    const child = spawn(process.execPath, [program, image], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const prefix = basename(String(line).trim()).replace(/-node$/, '');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const before = await remains(podman, prefix);

    await using _other = await Kubelet.start(podman, cluster);

    ok(before.length >= 4, before.join());
    deepEqual(await remains(podman, prefix), []);
  });
});

/** Containers, namespaces, folders and mounts whose names begin so. */
async function remains(podman: Podman, prefix: string): Promise<readonly string[]> {
  const { stdout } = await podman.run(['ps', '--all', '--format={{.Names}}']);
  const mounts = (await readFile('/proc/self/mounts', 'utf8'))
    .split('\n')
    .map((mount) => mount.split(' ')[1] ?? '');
  const names = [...stdout.split('\n'), ...(await readdir('/run/netns')), ...(await readdir(tmpdir()))];
  return [...names, ...mounts.map((path) => path.replace(`${tmpdir()}/`, ''))].filter((name) =>
    name.startsWith(prefix),
  );
}
