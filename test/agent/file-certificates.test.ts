import { equal } from 'node:assert/strict';

import { openFileCertificates } from '../../src/agent/file-certificates.ts';
import { makeAuthority } from '../security/authority.ts';
import { until } from '../security/progress.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { agentConfig } from './support/agent-config.ts';
import { DEPS, IdentityWorld, UNASKED } from './support/identity-world.ts';

/** Keeps how long was slept. */
class SleepKeepingClock extends FakeClock {
  readonly slept: number[] = [];

  override sleep(ms: number, signal: AbortSignal): Promise<void> {
    this.slept.push(ms);
    return super.sleep(ms, signal);
  }
}

describe('openFileCertificates', () => {
  let world: IdentityWorld;
  beforeEach(async () => {
    world = await IdentityWorld.lay();
  });
  afterEach(() => world.remove());

  it('tries a missing file again after FILE_DEBOUNCE_DURATION, and looks at it every CERT_FILE_POLL_INTERVAL', async () => {
    const env = { FILE_DEBOUNCE_DURATION: '3s', CERT_FILE_POLL_INTERVAL: '7m' };
    const config = await agentConfig({ env, workingDirectory: world.path });
    const clock = new SleepKeepingClock();
    const deps = { ...DEPS, clock, random: () => 0.5, log: world.recorded.log };
    await using opened = await openFileCertificates(config, deps);
    const { rootPem } = await makeAuthority();

    const reading = opened.files.get('file-root:r.pem', UNASKED);
    await until(() => clock.slept.includes(3000));
    await world.mount('r.pem', rootPem);
    await clock.tick(3000);
    const item = await reading;
    await until(() => clock.slept.includes(420_000));

    equal(item?.kind, 'trust');
  });
});
