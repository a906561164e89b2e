// Envoy is upgraded in a live pod by replacing its file: the agent notices, and a restart hands over to the new one.
// No request may fail, whatever the new file is worth.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { join } from 'node:path';

import { temporaryDirectory } from '../support/temporary-directory.ts';
import { EnvoyFile } from './support/envoy-file.ts';
import { Load, STEADY, totalOf } from './support/load/load.ts';
import { RestartingPod } from './support/restarting-pod.ts';
import { withoutCertificate } from './support/supervised-changes.ts';

const PROMPT = { ENVOY_RESTART_DEBOUNCE: '200ms', ENVOY_RESTART_JITTER: '0s' };
const QUICK = { drainDuration: '1s', parentShutdownDuration: '2s' };

describe('an upgrade of Envoy in a live pod', function () {
  this.timeout(120_000);

  it('hands over to the Envoy of the new file', () =>
    upgraded(async (pod, file) => {
      const before = await pod.snapshot();
      await file.replaceByCopy();

      equal(await pod.outcomeSince(before), 'committed');

      const { active } = await pod.settled();
      ok(await file.isRunBy(active?.pid ?? 0));
      match(active?.reason ?? '', /binary/);
    }));

  it('is refused when the new file is no Envoy, or one that the old one cannot hand over to', () =>
    upgraded(async (pod, file) => {
      const before = await pod.snapshot();
      await file.replaceByScript('echo "what is this?"; exit 1');
      equal(await pod.outcomeSince(before), 'refused');

      const between = await pod.snapshot();
      await file.replaceByScript(`
        case "$*" in *--hot-restart-version*) printf 12.104 >&2; exit 0;; esac
        exec "$ENVOY" "$@"`);
      equal(await pod.outcomeSince(between), 'refused');

      const { active } = await pod.settled();
      equal(active?.generation, before.active?.generation);
      match(await pod.pod.log(), /"12\.104"/);
    }));

  it('is rolled back when the new file fails only in earnest, and works with the next one', () =>
    upgraded(async (pod, file) => {
      const before = await pod.snapshot();
      await file.replaceByScript(failsInEarnest());

      equal(await pod.outcomeSince(before), 'rolledBack');
      const { active } = await pod.settled(); // the old binary, which has the admin port again
      ok(!(await file.isRunBy(active?.pid ?? 0)));

      const mended = await pod.snapshot();
      await file.replaceByCopy();
      equal(await pod.outcomeSince(mended), 'committed');
      const last = await pod.settled();
      ok(await file.isRunBy(last.active?.pid ?? 0));
    }));
});

/** Answers every question as the real one does; as a candidate it dies after it has taken the admin port. */
function failsInEarnest(): string {
  const broken = JSON.stringify({ static_resources: { clusters: [withoutCertificate] } });
  return `
    case "$*" in *--restart-epoch*) exec "$ENVOY" "$@" --config-yaml '${broken}';; esac
    exec "$ENVOY" "$@"`;
}

/** Runs a test with an agent whose Envoy is a file of its own, under load of which nothing may fail. */
async function upgraded(test: (pod: RestartingPod, file: EnvoyFile) => Promise<void>): Promise<void> {
  await using folder = await temporaryDirectory();
  const file = await EnvoyFile.create(join(folder.path, 'envoy'));
  const env = { ...PROMPT, ENVOY_PATH: file.path };
  await using pod = await RestartingPod.start(folder.path, { env, proxyConfig: QUICK });
  await using load = new Load({ url: pod.url, ...STEADY });

  await test(pod, file);

  deepEqual(totalOf(await load.stop()).failures, []);
}
