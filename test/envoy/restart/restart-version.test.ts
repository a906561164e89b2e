import { deepEqual, equal, match, ok } from 'node:assert/strict';

import { RestartVersions } from '../../../src/envoy/restart/restart-version.ts';
import type { Verdict } from '../../../src/envoy/restart/verdict.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { EnvoyWorld } from '../support/envoy-world.ts';
import { envoySettings } from '../support/settings.ts';

const { signal } = new AbortController();
const PROGRAM = envoySettings();

describe('RestartVersions', () => {
  let asked: number;
  let version: string;
  let versions: RestartVersions;

  beforeEach(() => {
    [asked, version] = [0, '11.104'];
    const clock = new FakeClock();
    const world = new EnvoyWorld(clock);
    world.check = () => {
      asked += 1;
      return { code: 0, stderr: version };
    };
    versions = new RestartVersions({ clock, spawn: world.spawn });
  });

  const compared = (binaryId: string | undefined, running: string | undefined): Promise<Verdict> =>
    versions.compare(PROGRAM, binaryId, running, signal);

  it('compares what the binary says with what runs', async () => {
    deepEqual(await compared('a', '11.104'), { ok: true });

    const other = await compared('a', '11.120');

    ok(!other.ok);
    match(other.why, /is "11\.104", the running Envoy has "11\.120": a cold restart is needed/);
  });

  it('asks a binary once, and another file again', async () => {
    await compared('a', '11.104');
    await compared('a', '11.104');
    equal(asked, 1);

    version = '12.104';
    const replaced = await compared('b', '11.104');

    deepEqual([asked, replaced.ok], [2, false]);
  });

  it('refuses a binary without hot restart', async () => {
    version = 'disabled';

    equal((await compared('a', 'disabled')).ok, false);
  });

  it('leaves the answer to the child when the running one did not tell', async () => {
    deepEqual(await compared('a', undefined), { ok: true });
    equal(asked, 0);
  });

  it('refuses a binary that cannot be run', async () => {
    const spawn = (): Promise<never> => Promise.reject(Object.assign(new Error('gone'), { code: 'ENOENT' }));
    const broken = new RestartVersions({ clock: new FakeClock(), spawn });

    deepEqual(await broken.compare(PROGRAM, 'a', '11.104', signal), {
      ok: false,
      why: 'cannot run /usr/local/bin/envoy: ENOENT',
      fault: 'other',
    });
  });
});
