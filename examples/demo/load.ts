// The client's ordinary program: requests to the server all the time, and the count of what came of them.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { Program } from './machine.ts';
import type { Layout, Topology } from './topology.ts';

export interface LoadCounts {
  readonly sent: number;
  readonly ok: number;
  readonly failed: number;
  /** What failed how often. */
  readonly reasons: Readonly<Record<string, number>>;
}

const NOTHING: LoadCounts = { sent: 0, ok: 0, failed: 0, reasons: {} };
/** The program reports five times a second; its newest report is then not older. */
const REPORT_MS = 250;

/** Where the client's program sends its requests: the server itself where the kernel captures, else Envoy. */
export function serverUrl({ captured, hosts: { client, server } }: Layout): string {
  return captured
    ? `http://${server.address}:${server.ports.app}/`
    : `http://${client.address}:${client.ports.outbound}/`;
}

export class Load {
  readonly #program: Program;

  private constructor(program: Program) {
    this.#program = program;
  }

  static async start(topology: Topology): Promise<Load> {
    const args = [topology.demoProgram('load.ts'), serverUrl(topology.layout)];
    const cwd = join(topology.layout.directory, 'client');
    return new Load(await topology.start('client', 'load', { args, cwd }));
  }

  /** Everything up to now. */
  async counts(): Promise<LoadCounts> {
    await delay(REPORT_MS);
    return this.#newest();
  }

  /** Ends it. @returns everything there was */
  async stop(): Promise<LoadCounts> {
    await this.#program.stop(5000);
    return this.#newest();
  }

  async #newest(): Promise<LoadCounts> {
    const lines = (await this.#program.output()).split('\n');
    const line = lines.at(-2); // behind the last newline is nothing, or the start of a line
    return line === undefined ? NOTHING : (JSON.parse(line) as LoadCounts);
  }
}

/** What happened between two counts. */
export function countsSince(before: LoadCounts, after: LoadCounts): LoadCounts {
  const reasons = Object.entries(after.reasons).map(([reason, count]): [string, number] => [
    reason,
    count - (before.reasons[reason] ?? 0),
  ]);
  return {
    sent: after.sent - before.sent,
    ok: after.ok - before.ok,
    failed: after.failed - before.failed,
    reasons: Object.fromEntries(reasons.filter(([, count]) => count > 0)),
  };
}
