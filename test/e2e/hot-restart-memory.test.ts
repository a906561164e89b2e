// R17: hot restarts where the memory limit leaves no room for two Envoys.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { Load, STEADY, totalOf } from './support/load/load.ts';
import { MemoryGroup, writtenMemoryGroup } from './support/memory-group.ts';
import { staticCluster } from './support/mesh-resources.ts';
import { RestartingPod } from './support/restarting-pod.ts';
import { SupervisedEnvoy } from './support/supervised-envoy.ts';

const AGENT = resolve(import.meta.dirname, '../../src/cli/agent.ts');
/** So many that Envoy takes as much memory as a half of it is more than the agent's own comes and goes by. */
const CLUSTERS = Array.from({ length: 1500 }, (_, index) => staticCluster(`cluster-${index}`, 80));
const NO_ROOM = /refused: .*a second Envoy needs about \d+ MiB, and \d+ of \d+ MiB are free/;

describe('hot restart within a memory limit', function () {
  this.timeout(120_000);

  it('R17: is refused where two Envoys do not fit; forced, the new one is the victim and the old one serves on', async () => {
    await using folder = await temporaryDirectory();
    await using group = await MemoryGroup.create();
    if (group === undefined) {
      console.log(
        '      no memory group can be made here: the figures are files of the test, and nothing is forced',
      );
      return refusedByWrittenFigures(folder.path);
    }
    const proxyConfig = { drainDuration: '1s', parentShutdownDuration: '2s' };
    const program = [...group.nodeOptions, AGENT];
    await using pod = await RestartingPod.start(folder.path, { resources: CLUSTERS, program, proxyConfig });
    const { active } = await pod.snapshot();
    await group.limit((await group.usedBytes()) + 0.5 * (await anonymousBytes(active?.pid ?? 0)));
    await using load = new Load({ url: pod.url, ...STEADY });

    equal(await pod.restart('POST /restart'), 'refused');
    match(await pod.pod.log(), NO_ROOM);
    equal(await pod.restart('POST /restart?force=true'), 'rolledBack');

    const { history } = await pod.snapshot();
    equal(history.find(({ generation }) => generation !== active?.generation)?.signal, 'SIGKILL');
    await group.limit(2 ** 40);
    equal((await pod.settled()).restarts.crashed, 0);
    equal(await pod.restart('POST /restart'), 'committed');
    deepEqual(totalOf(await load.stop()).failures, []);
    return undefined;
  });
});

async function refusedByWrittenFigures(folder: string): Promise<void> {
  const memory = { cgroup: await writtenMemoryGroup(folder) };
  await SupervisedEnvoy.with(
    async (envoy) => {
      const outcome = await envoy.supervisor.restart('no room');

      ok(outcome.kind === 'refused');
      match(`refused: ${outcome.why}`, NO_ROOM);
      equal(envoy.snapshot.active?.generation, 0);
    },
    { memory },
  );
}

async function anonymousBytes(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Anonymous: +(\d+) kB$/m.exec(rollup)?.[1]) * 1024;
}
