// A parent that serves, and a child that is started beside it with a bad configuration: with the real Envoy, through
// the epochs, the regions and the admin client of the product.

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { AdminClient, freshConnections } from '../../../src/envoy/admin/admin-client.ts';
import { Epoch } from '../../../src/envoy/process/epoch.ts';
import { isLive } from '../../../src/envoy/process/launcher.ts';
import { openLifeline, type Lifeline } from '../../../src/envoy/admin/lifeline.ts';
import { preflight } from '../../../src/envoy/restart/preflight.ts';
import { sharedMemory } from '../../../src/envoy/memory/shared-memory.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import { argumentSettings, bootstrapAt } from '../../envoy/support/settings.ts';

/** What was measured. */
export interface Fate {
  readonly zone: string;
  readonly childExit: number;
  readonly parentAfter: {
    readonly alive: boolean;
    readonly freshAdmin: boolean;
    readonly keptAdminConnection: boolean;
    readonly traffic: boolean;
  };
  readonly flagAfter: number;
}

export interface HandoverInput {
  readonly binary: string;
  readonly directory: string;
  readonly adminPort: number;
  readonly trafficPort: number;
}

const DEPS = {
  clock: systemClock(),
  spawn: execaSpawn,
  output: () => undefined,
  oomKills: async () => undefined,
};
const TIMEOUT_MS = 30_000;
/** A parent follows a child that ended with code 0 within this time. */
const PARENT_FOLLOWS_MS = 1000;

export class Handover implements AsyncDisposable {
  readonly input: HandoverInput;
  readonly #baseId: number;
  readonly #memory = sharedMemory();
  readonly #epochs: Epoch[] = [];
  readonly #admin: AdminClient;
  readonly #good: string;
  #lifeline: Lifeline | undefined;

  private constructor(input: HandoverInput, baseId: number, good: string) {
    this.input = input;
    this.#baseId = baseId;
    this.#good = good;
    this.#admin = new AdminClient(freshConnections({ host: '127.0.0.1', port: input.adminPort }));
  }

  /** With epoch 0 LIVE. */
  static async start(input: HandoverInput, good: string): Promise<Handover> {
    const handover = new Handover(input, await sharedMemory().freeBaseId(Math.random), good);
    const parent = await handover.#launch(0, good);
    await handover.#untilLive(parent);
    handover.#lifeline = await openLifeline({ host: '127.0.0.1', port: input.adminPort });
    return handover;
  }

  /** Starts epoch 1 with a configuration, and compares what became of it, of its parent, and of their region. */
  async checkFate(config: string, expected: Fate): Promise<void> {
    const [parent] = this.#epochs;
    const child = await this.#launch(1, config);
    const { code } = await child.exited;
    if (code === 0) await Promise.race([parent?.exited, sleep(PARENT_FOLLOWS_MS)]);
    const { zone, ...rest } = expected;
    const found = {
      zone: parent?.alive === true && (await this.#isOwner(parent)) ? 'A' : 'B',
      childExit: code,
      parentAfter: {
        alive: parent?.alive,
        freshAdmin: await succeeds(() => this.#admin.serverInfo()),
        keptAdminConnection: await succeeds(
          () => this.#lifeline?.admin.serverInfo() ?? Promise.reject(new Error()),
        ),
        traffic: await succeeds(() => this.#request()),
      },
      flagAfter: (await this.#memory.flag(this.#baseId)) === 'initializing' ? 1 : 0,
    };
    const { childExit, parentAfter, flagAfter } = rest;
    assert.deepEqual(found, { zone, childExit, parentAfter, flagAfter });
  }

  /** The same epoch again with what works, when the bit is cleared. */
  async checkRetry(): Promise<void> {
    assert.equal(await this.#memory.repair(this.#baseId), 'clear');
    await this.#untilLive(await this.#launch(1, this.#good));
    await this.#request();
  }

  async #launch(epoch: number, config: string): Promise<Epoch> {
    const path = join(this.input.directory, `envoy-${this.#epochs.length}.json`);
    await writeFile(path, config);
    const place = ['--restart-epoch', String(epoch), '--base-id', String(this.#baseId)];
    const times = ['--drain-time-s', '2', '--parent-shutdown-time-s', '3'];
    const args = ['-c', path, '--concurrency', '2', ...place, ...times];
    const started = await Epoch.start(
      {
        epoch,
        generation: this.#epochs.length,
        baseId: this.#baseId,
        configPath: path,
        bootstrap: bootstrapAt(path),
        binaryId: undefined,
        reason: 'case',
        command: { file: this.input.binary, args, stdout: 'ignore', detached: true },
      },
      DEPS,
    );
    this.#epochs.push(started);
    return started;
  }

  async #untilLive(epoch: Epoch): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!(await this.#isOwner(epoch))) {
      assert.ok(epoch.alive, `Envoy ended: ${epoch.stderrLines.slice(-3).join('\n')}`);
      assert.ok(performance.now() < deadline, 'Envoy is not live in time');
      await sleep(20);
    }
  }

  async #isOwner(epoch: Epoch): Promise<boolean> {
    return isLive(await this.#admin.serverInfo().catch(() => undefined), epoch);
  }

  async #request(): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.input.trafficPort}/`, {
      headers: { connection: 'close' },
    });
    assert.equal(await response.text(), 'hi\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lifeline?.close();
    for (const epoch of this.#epochs) epoch.kill();
    await Promise.all(this.#epochs.map((epoch) => epoch.exited));
    await this.#memory.unlink(this.#baseId);
  }
}

/** What the checks before a hot restart say of a configuration, beside the parent that serves. */
export async function checkVerdict({ input }: Handover, config: string, accepted: boolean): Promise<void> {
  const path = join(input.directory, 'preflight.json');
  await writeFile(path, config);
  const verdict = await preflight(
    DEPS,
    {
      program: { binaryPath: input.binary, env: {}, user: undefined },
      bootstrap: { ...bootstrapAt(path), arguments: argumentSettings() },
      ownAddresses: [],
      timeoutMs: TIMEOUT_MS,
    },
    new AbortController().signal,
  );
  assert.equal(verdict.ok, accepted, verdict.ok ? 'accepted' : verdict.why);
}

async function succeeds(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false; // what is measured is only whether it does
  }
}
