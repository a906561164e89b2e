import { deepEqual, match, ok } from 'node:assert/strict';

import { preflight, sameRestartVersion, type Verdict } from '../../src/envoy/preflight.ts';
import { DEFAULT_TIMING } from '../../src/envoy/settings.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import type { FakeBootstrap } from './fixtures/fake/script.ts';
import { FakeEnvoyFolder } from './support/fake-envoy.ts';
import { bootstrapAt } from './support/settings.ts';

const deps = { clock: systemClock(), spawn: execaSpawn };
const BOOTSTRAP = bootstrapAt('b.json');
const { signal } = new AbortController();

describe('preflight', () => {
  async function verdict(
    fake: FakeBootstrap['fake'],
    ownAddresses: readonly string[] = [],
  ): Promise<Verdict> {
    await using folder = await FakeEnvoyFolder.make();
    const path = await folder.bootstrap('b.json', fake && { fake });
    return await preflight(deps, folder.settings(), bootstrapAt(path), ownAddresses, signal);
  }

  it('accepts a bootstrap Envoy accepts', async () => {
    deepEqual(await verdict(undefined), { ok: true });
  });

  it('refuses in the words of Envoy', async () => {
    deepEqual(await verdict('poison'), {
      ok: false,
      why: 'Protobuf message has unknown fields (--mode validate: exit code 1)',
    });
  });

  it('refuses an Envoy that ends with code 0 because it skipped its clusters', async () => {
    const result = await verdict('poison-clusters');

    ok(!result.ok);
    match(result.why, /^Skipping initialization of secondary cluster: API configs/);
  });

  it('refuses a port of somebody else, but not one the running Envoy has itself', async () => {
    const foreign = await verdict('poison-port', ['127.0.0.1:15001']);

    ok(!foreign.ok);
    match(foreign.why, /^cannot bind '127\.0\.0\.1:15006': Address already in use/);
    deepEqual(await verdict('poison-port', ['127.0.0.1:15006']), { ok: true });
  });

  it('kills a run that does not end, and counts it as a refusal', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const timing = { ...DEFAULT_TIMING, preflightTimeoutMs: 20 };
    const settings = folder.settings({ timing, binaryPath: '/bin/sleep' });

    // sleep takes none of the arguments, so it is given the only one that keeps it: the path of the file
    const spawn: typeof execaSpawn = (command) => execaSpawn({ ...command, args: ['60'] });
    const result = await preflight({ ...deps, spawn }, settings, BOOTSTRAP, [], signal);

    deepEqual(result, { ok: false, why: '--mode validate did not end in time' });
  });

  it('refuses when the binary is gone', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const settings = folder.settings({ binaryPath: '/nonexistent/envoy' });

    deepEqual(await preflight(deps, settings, BOOTSTRAP, [], signal), {
      ok: false,
      why: 'cannot run /nonexistent/envoy: ENOENT',
    });
  });
});

describe('sameRestartVersion', () => {
  it('compares what the binary says with what runs', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const settings = folder.settings();

    deepEqual(await sameRestartVersion(deps, settings, '11.104', signal), { ok: true });
    const other = await sameRestartVersion(deps, settings, '11.120', signal);
    ok(!other.ok);
    match(other.why, /is "11\.104", the running Envoy has "11\.120"/);
  });
});
