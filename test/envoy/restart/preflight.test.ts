import { deepEqual, match, ok } from 'node:assert/strict';

import { preflight, type PreflightDeps } from '../../../src/envoy/restart/preflight.ts';
import type { Verdict } from '../../../src/envoy/restart/verdict.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import type { FakeBootstrap } from '../fixtures/fake/script.ts';
import { FakeEnvoyFolder } from '../support/fake-envoy.ts';
import { bootstrapAt } from '../support/settings.ts';

const deps: PreflightDeps = { clock: systemClock(), spawn: execaSpawn, output: () => undefined };
const BOOTSTRAP = bootstrapAt('b.json');
const TIMEOUT_MS = 30_000;
const { signal } = new AbortController();

describe('preflight', () => {
  let shown: string[];
  beforeEach(() => {
    shown = [];
  });

  async function verdict(
    fake: FakeBootstrap['fake'],
    ownAddresses: readonly string[] = [],
  ): Promise<Verdict> {
    await using folder = await FakeEnvoyFolder.make();
    const path = await folder.bootstrap('b.json', fake && { fake });
    const asked = {
      program: folder.settings(),
      bootstrap: bootstrapAt(path),
      ownAddresses,
      timeoutMs: TIMEOUT_MS,
    };
    return await preflight({ ...deps, output: (line) => void shown.push(line) }, asked, signal);
  }

  it('accepts a bootstrap Envoy accepts', async () => {
    deepEqual(await verdict(undefined), { ok: true });
  });

  it('refuses in the words of Envoy', async () => {
    deepEqual(await verdict('poison'), {
      ok: false,
      why: 'Protobuf message has unknown fields (--mode validate: exit code 1)',
      fault: 'configuration',
    });
    match(shown.join('\n'), /unknown fields/);
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
    const program = folder.settings({ binaryPath: '/bin/sleep' });

    // sleep takes none of the arguments, so it is given the only one that keeps it: the path of the file
    const spawn: typeof execaSpawn = (command) => execaSpawn({ ...command, args: ['60'] });
    const asked = { program, bootstrap: BOOTSTRAP, ownAddresses: [], timeoutMs: 20 };
    const result = await preflight({ ...deps, spawn }, asked, signal);

    deepEqual(result, { ok: false, why: '--mode validate did not end in time', fault: 'other' });
  });

  it('refuses when the binary is gone', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const program = folder.settings({ binaryPath: '/nonexistent/envoy' });
    const asked = { program, bootstrap: BOOTSTRAP, ownAddresses: [], timeoutMs: TIMEOUT_MS };

    deepEqual(await preflight(deps, asked, signal), {
      ok: false,
      why: 'cannot run /nonexistent/envoy: ENOENT',
      fault: 'other',
    });
  });
});
