// What the supervisor does when real processes hang, crash or vanish: fake Envoys that serve requests of a client.

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { DEFAULT_TIMING, type EnvoySettings } from '../../src/envoy/settings.ts';
import { sharedMemory } from '../../src/envoy/memory/shared-memory.ts';
import type { EnvoySnapshot } from '../../src/envoy/snapshot.ts';
import { EnvoySupervisor } from '../../src/envoy/supervisor.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { execaSpawn } from '../../src/runtime/execa-spawn.ts';
import { recordingLog } from '../support/recording-log.ts';
import { DataBroker } from './fixtures/fake/broker.ts';
import type { Marker } from './fixtures/fake/script.ts';
import { FakeEnvoyFolder } from './support/fake-envoy.ts';
import { argumentSettings, shutdown, writtenBootstrap } from './support/settings.ts';

const FAKE_ENVOY = join(import.meta.dirname, 'fixtures/fake-envoy');

class RescuedEnvoy implements AsyncDisposable {
  /** In the bootstrap of the next Envoy. */
  marker: Marker | undefined;
  readonly folder: FakeEnvoyFolder;
  readonly supervisor: EnvoySupervisor;
  readonly #broker: DataBroker;
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  private constructor(folder: FakeEnvoyFolder, broker: DataBroker, changes: Partial<EnvoySettings>) {
    this.folder = folder;
    this.#broker = broker;
    const timing = { ...DEFAULT_TIMING, livePollMs: 10, ...changes.timing };
    const plain = folder.settings();
    const env = { ...plain.env, FAKE_ENVOY_SECOND_MS: '1000' };
    this.supervisor = new EnvoySupervisor(
      {
        clock: systemClock(),
        spawn: execaSpawn,
        log: recordingLog().log,
        random: Math.random,
        output: () => undefined,
        writeBootstrap: (launch) => {
          const content = { data: true, ...(this.marker && { fake: this.marker }) };
          return writtenBootstrap(
            launch,
            ({ epoch }) => folder.bootstrap(`envoy-rev${epoch}.json`, content),
            {
              hash: String(launch.generation),
              arguments: argumentSettings({ parentShutdownDurationMs: 3000 }),
            },
          );
        },
        removeBootstrap: (path) => rm(path, { force: true }),
        xdsReady: () => ({ ok: true, reason: '' }),
        memory: sharedMemory(folder.path, '/dev/null'),
      },
      { ...plain, env, shutdown: shutdown({ terminationDrainMs: 10 }), ...changes, timing },
    );
    this.#ended = this.supervisor.run(this.#stop.signal);
  }

  /** With one Envoy that serves. */
  static async start(changes: Partial<EnvoySettings> = {}, folder?: FakeEnvoyFolder): Promise<RescuedEnvoy> {
    const place = folder ?? (await FakeEnvoyFolder.make());
    const envoy = new RescuedEnvoy(place, await DataBroker.open(place.path), changes);
    await envoy.until(({ active }) => active !== undefined);
    return envoy;
  }

  get snapshot(): EnvoySnapshot {
    return this.supervisor.snapshot();
  }

  async until(holds: (snapshot: EnvoySnapshot) => boolean): Promise<void> {
    while (!holds(this.snapshot)) await sleep(5);
  }

  /** A request of a new client. */
  async get(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#broker.port}/`, {
      headers: { connection: 'close' },
    });
    return response.text();
  }

  /** What one process was told by signals, and by its child. */
  eventsOf(pid: number): readonly string[] {
    return this.folder
      .journal()
      .filter((entry) => entry.pid === pid)
      .map(({ event }) => event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#ended;
    await this.#broker[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

describe('EnvoySupervisor with processes in trouble', function () {
  this.timeout(120_000);

  it('kills a candidate that hangs, without a word to it, and restarts later (U13)', async () => {
    const timing = { ...DEFAULT_TIMING, handoffTimeoutMs: 3000, repairInitialMs: 100 };
    await using envoy = await RescuedEnvoy.start({ timing });
    envoy.marker = 'hang';

    const restart = envoy.supervisor.restart('hang');
    await envoy.until(({ candidate }) => candidate !== undefined);
    const pid = envoy.snapshot.candidate?.pid ?? 0;
    const outcome = await restart;

    ok(outcome.kind === 'rolled-back');
    equal(outcome.why, 'not live within 3000 ms');
    equal(envoy.eventsOf(pid).includes('SIGTERM'), false);
    deepEqual(envoy.snapshot.history[0]?.signal, 'SIGKILL');
    equal(await envoy.get(), 'epoch 0\n');
    envoy.marker = undefined;
    equal((await envoy.supervisor.restart('again')).kind, 'committed');
  });

  it('starts anew beside the old one when the new one is killed, and ends the old one in time (U14)', async () => {
    await using envoy = await RescuedEnvoy.start();
    await envoy.supervisor.restart('test');
    const { baseId, active, draining } = envoy.snapshot;
    const [old] = draining;
    const dueMs = old?.terminateDue?.getTime() ?? 0;

    process.kill(active?.pid ?? 0, 'SIGKILL');
    await envoy.until(({ active: next }) => next?.generation === 2);

    equal(envoy.snapshot.active?.epoch, 0);
    notEqual(envoy.snapshot.baseId, baseId);
    equal(envoy.snapshot.budget, DEFAULT_TIMING.backoffTries);
    equal(await envoy.get(), 'epoch 0\n');
    await envoy.until((snapshot) => snapshot.draining.length === 0);
    ok(Date.now() >= dueMs, 'it had its time');
    deepEqual(
      envoy.eventsOf(old?.pid ?? 0).filter((event) => /SIG|terminate|ended/.test(event)),
      ['SIGTERM', 'ended'],
    );
  });

  it('replaces an Envoy whose parent was killed before it aborts (U15)', async () => {
    await using envoy = await RescuedEnvoy.start();
    await envoy.supervisor.restart('test');

    process.kill(envoy.snapshot.draining[0]?.pid ?? 0, 'SIGKILL');
    await envoy.until(({ active }) => active?.generation === 2);

    const { active, budget, history } = envoy.snapshot;
    deepEqual([active?.epoch, budget], [0, DEFAULT_TIMING.backoffTries]);
    deepEqual(
      history.map(({ epoch, signal, asked }) => ({ epoch, signal, asked })),
      [
        { epoch: 1, signal: 'SIGKILL', asked: true },
        { epoch: 0, signal: 'SIGKILL', asked: false },
      ],
    );
    equal(await envoy.get(), 'epoch 0\n');
    equal((await envoy.supervisor.restart('again')).kind, 'committed');
  });

  it('replaces one that crashes soon after it was live (U14)', async () => {
    await using envoy = await RescuedEnvoy.start();
    envoy.marker = 'poison-live';
    await envoy.supervisor.restart('bad');
    envoy.marker = undefined;

    await envoy.until(({ active }) => active?.generation === 2);

    equal(envoy.snapshot.history.find(({ generation }) => generation === 1)?.signal, 'SIGSEGV');
    equal(await envoy.get(), 'epoch 0\n');
  });

  it('does not hand over to a binary that speaks another restart protocol (U20)', async () => {
    await using folder = await FakeEnvoyFolder.make();
    const binaryPath = join(folder.path, 'envoy');
    const install = async (version: string): Promise<void> => {
      const script = JSON.stringify({ '*': { hotRestartVersion: version } });
      await writeFile(binaryPath, `#!/bin/sh\nFAKE_ENVOY_SCRIPT='${script}' exec ${FAKE_ENVOY} "$@"\n`);
      await chmod(binaryPath, 0o755);
    };
    await install('11.104');
    await using envoy = await RescuedEnvoy.start({ binaryPath }, folder);

    await install('12.8');
    const outcome = await envoy.supervisor.restart('upgrade');

    ok(outcome.kind === 'refused');
    match(outcome.why, /"12\.8", the running Envoy has "11\.104": a cold restart is needed/);
    equal(await envoy.get(), 'epoch 0\n');
    equal(envoy.snapshot.active?.generation, 0);
  });
});
