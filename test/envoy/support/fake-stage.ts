// A folder in which fake Envoys run, with a second of theirs cut short; whatever still runs at the end is killed.

import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts } from '../../../examples/demo/free-ports.ts';
import { freshConnections, type AdminReply } from '../../../src/envoy/admin/admin-client.ts';
import { REGION, regionName } from '../fixtures/fake/facts.ts';
import { Journal, type JournalEntry } from '../fixtures/fake/journal.ts';
import { FakeRun } from '../fixtures/fake/run.ts';
import type { Script } from '../fixtures/fake/script.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

export type StageRun = Pick<FakeRun, 'ended' | 'kill'>;

const SECOND_MS = 50;
const PARENT_SHUTDOWN = '--parent-shutdown-time-s';
const TIMEOUT_MS = 60_000;

export class FakeStage implements AsyncDisposable {
  readonly bootstrap: string;
  readonly #folder: TemporaryDirectory;
  readonly adminPort: number;
  readonly #runs: FakeRun[] = [];

  private constructor(folder: TemporaryDirectory, adminPort: number) {
    this.#folder = folder;
    this.adminPort = adminPort;
    this.bootstrap = join(folder.path, 'bootstrap.json');
  }

  static async make(): Promise<FakeStage> {
    const [adminPort = 0] = await freePorts(1);
    const stage = new FakeStage(await temporaryDirectory(), adminPort);
    await writeFile(stage.bootstrap, JSON.stringify({ adminPort }));
    return stage;
  }

  get path(): string {
    return this.#folder.path;
  }

  run(args: readonly string[], script: Script = {}): FakeRun {
    const env = {
      FAKE_ENVOY_DIR: this.path,
      FAKE_ENVOY_SECOND_MS: String(SECOND_MS),
      FAKE_ENVOY_SCRIPT: JSON.stringify(script),
    };
    const run = new FakeRun(args, env);
    this.#runs.push(run);
    return run;
  }

  /** One that is to serve, whether or not it will. */
  start(epoch: number, baseId: number, script: Script = {}, more: readonly string[] = []): FakeRun {
    const place = ['--restart-epoch', String(epoch), '--base-id', String(baseId)];
    const times = more.includes(PARENT_SHUTDOWN) ? [] : [PARENT_SHUTDOWN, '3'];
    const args = [...place, ...times, '--skip-hot-restart-parent-stats', ...more];
    return this.run(['-c', this.bootstrap, ...args], script);
  }

  /** One that is LIVE. */
  async serve(epoch: number, baseId: number, more: readonly string[] = []): Promise<FakeRun> {
    const run = this.start(epoch, baseId, {}, more);
    await this.until(async () => {
      const info = JSON.parse((await this.ask('GET', '/server_info')).body) as ServerInfo;
      return info.state === 'LIVE' && info.command_line_options.restart_epoch === epoch;
    });
    return run;
  }

  ask(method: 'GET' | 'POST', path: string): Promise<AdminReply> {
    return freshConnections({ host: '127.0.0.1', port: this.adminPort })(method, path);
  }

  /** An error counts as no; at most a minute, on a machine with other things to do. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + TIMEOUT_MS;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > deadline) throw new Error('the fake Envoy did not do it in time');
      await sleep(10);
    }
  }

  /** What the processes did, oldest first. */
  journal(): JournalEntry[] {
    return new Journal(this.path).entries();
  }

  async writeRegion(
    baseId: number,
    { version = REGION.version, bytes = REGION.bytes, flag = 0n }: Partial<RegionContent>,
  ): Promise<void> {
    const content = Buffer.alloc(bytes);
    content.writeBigUInt64LE(BigInt(bytes), 0);
    content.writeBigUInt64LE(BigInt(version), 8);
    content.writeBigUInt64LE(flag, bytes - 8);
    await writeFile(join(this.path, regionName(baseId)), content);
  }

  async flagAt(baseId: number, offset: number): Promise<bigint> {
    await using file = await open(join(this.path, regionName(baseId)));
    const bytes = Buffer.alloc(8);
    await file.read(bytes, 0, bytes.length, offset);
    return bytes.readBigUInt64LE();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.kill()));
    await this.#folder.remove();
  }
}

interface RegionContent {
  readonly version: number;
  readonly bytes: number;
  readonly flag: bigint;
}

interface ServerInfo {
  readonly state: string;
  readonly command_line_options: { readonly restart_epoch: number };
}
