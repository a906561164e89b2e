// Hot restarts of the whole agent beyond the plain one: forced, refused, two agents at once, an agent that is killed,
// a memory limit. The numbers are those of the table of restart cases.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { withAccessLog } from './support/access-log.ts';
import { isAlive } from './support/restart-processes.ts';
import { holdingsOf, regionOf, RestartingPod, type RestartingPodOptions } from './support/restarting-pod.ts';
import { RestartWatch } from './support/restart-watch.ts';

const QUICK = { drainDuration: '1s', parentShutdownDuration: '2s' };
/** An Envoy without its agent is gone by then. */
const ORPHAN_LIMIT_MS = 2000;

describe('hot restart by the agent', function () {
  this.timeout(120_000);

  it('R10: waits while an older Envoy drains; forced it does not, that one ends early, and three is the most', () =>
    withPod({ proxyConfig: { drainDuration: '1s', parentShutdownDuration: '60s' } }, async (pod) => {
      await using watch = new RestartWatch(pod.pod.pid, pod.trafficPort);
      equal(await pod.restart('POST /restart'), 'committed');
      const before = await pod.snapshot();

      await pod.ask('POST /restart');
      await pod.until(({ pending }) => pending.length > 0);
      deepEqual((await pod.snapshot()).restarts, before.restarts);
      await pod.ask('POST /restart?force=true');

      equal(await pod.outcomeSince(before), 'committed');
      await pod.until(({ history }) => history.some(({ generation }) => generation === 0));
      const { history, draining } = await pod.snapshot();
      deepEqual(
        history.map(({ generation, code }) => ({ generation, code })),
        [{ generation: 0, code: 0 }],
      );
      deepEqual(
        draining.map(({ generation }) => generation),
        [1],
      );
      ok(watch.most <= 3, `${watch.most} Envoys at once`);
      deepEqual(watch.strangers, []);
    }));

  it('R11: is refused when it would take worker threads away, and starts nothing', () =>
    withPod({ env: { ISTIO_CPU_LIMIT: '4' }, proxyConfig: QUICK }, async (pod) => {
      await using watch = new RestartWatch(pod.pod.pid, pod.trafficPort);
      await pod.writeMeshFile(JSON.stringify({ defaultConfig: { concurrency: 2 } }));

      equal(await pod.restart('POST /restart'), 'refused');

      match(await pod.pod.log(), /refused: concurrency .*4 to 2/);
      equal(watch.most, 1);
      equal(await answerOf(pod), 'hello');
    }));

  for (const [mode, env] of [
    ['with', {}],
    ['without', { ENVOY_HOT_RESTART: 'false' }],
  ] as const) {
    it(`R14: leaves no Envoy behind when the agent is killed, ${mode} hot restart`, () =>
      withPod({ env, proxyConfig: QUICK }, async (pod) => {
        const { children } = await holdingsOf(pod.pod.pid);
        ok(children.length > 0);
        const region = regionOf(await pod.snapshot());

        pod.pod.signal('SIGKILL');
        const killedAtMs = performance.now();
        await pod.pod.exited;

        const left = (): number[] => children.filter(isAlive);
        while (left().length > 0 && performance.now() - killedAtMs < ORPHAN_LIMIT_MS) await sleep(20);
        const orphans = left();
        for (const pid of orphans) process.kill(pid, 'SIGKILL');
        await rm(region, { force: true }); // the next agent in this folder would do it
        deepEqual(orphans, []);
      }));
  }

  it('R15: of two agents on one machine goes its own way', () =>
    withPod({ proxyConfig: QUICK }, (one) =>
      withPod({ proxyConfig: QUICK }, async (other) => {
        const outcomes = await Promise.all(
          [one, other].map(async (pod) => {
            const first = await pod.restart('POST /restart');
            await pod.settled();
            return [first, await pod.restart('SIGHUP')];
          }),
        );

        deepEqual(outcomes.flat(), Array(4).fill('committed'));
        const baseIds = await Promise.all([one, other].map(async (pod) => (await pod.snapshot()).baseId));
        ok(baseIds[0] !== baseIds[1], String(baseIds));
        deepEqual(await Promise.all([one, other].map(answerOf)), ['hello', 'hello']);
      }),
    ));

  it('R16: SIGUSR1 has Envoy open its access log anew, and opens no debug port', () =>
    withPod({ listener: (listener) => withAccessLog(listener, 'access.log') }, async (pod) => {
      const path = join(pod.pod.root, 'access.log');
      await answerOf(pod);
      await pod.pod.until(async () => (await readFile(path, 'utf8')).includes('GET'));
      await rename(path, `${path}.1`);

      pod.pod.signal('SIGUSR1');

      await pod.pod.until(async () => {
        await answerOf(pod);
        return (await readFile(path, 'utf8')).includes('GET');
      });
      ok(!(await pod.pod.log()).includes('Debugger listening'));
    }));
});

/** Runs a test with an agent that is ready, and ends it whatever happens. */
async function withPod(
  options: RestartingPodOptions,
  test: (pod: RestartingPod) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryDirectory();
  await using pod = await RestartingPod.start(folder.path, options);
  await test(pod);
}

async function answerOf(pod: RestartingPod): Promise<string> {
  return (await fetch(pod.url, { headers: { connection: 'close' } })).text();
}
