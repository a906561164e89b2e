// Runs a pod that examples/kubernetes writes out, as a kubelet would. Needs root.

import { deepEqual, equal } from 'node:assert/strict';
import { chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { fetchEnvoy } from '../../examples/demo/fetch-envoy.ts';
import { InjectedPod } from '../e2e/support/injected-pod.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export const EXAMPLE = resolve(import.meta.dirname, '../../examples/kubernetes');

/** From its init container to the end, which comes at once: how long it drains is another test's. */
export async function runPod(
  name: string,
  workload: string,
  whenReady: (pod: InjectedPod) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryDirectory();
  await chmod(folder.path, 0o755); // the proxy's user has to get through
  const layout = { file: join(EXAMPLE, name), name: workload };
  await using pod = await InjectedPod.create(folder.path, await fetchEnvoy(), layout);
  if (pod.spec.init !== undefined) equal((await pod.init()).code, 0);
  const proxy = pod.start();
  await proxy.until(() => proxy.output.includes('is live after'), 60_000); // a probe costs more than a look
  await proxy.until(async () => (await pod.probe()) === 200);

  await whenReady(pod);

  await pod.exec(['pilot-agent', 'request', '--debug-port=15020', 'POST', 'quitquitquit']);
  deepEqual(await proxy.exited, { code: 0, signal: null });
}
