// The life of a capture in a network namespace, by the product's own functions and the real tools: rules of others,
// apply, apply again, another configuration, reconcile, clean up. Each step is checked against what it must leave.

import assert from 'node:assert/strict';

import { runCapture } from '../../../iptables/capture.ts';
import type { CaptureSettings } from '../../../iptables/settings/capture-config.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import { hostTools, type RunTool } from '../../../iptables/tools/run-tool.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { nodeSpawn } from '../../../src/runtime/node-spawn.ts';
import { normalSave } from '../../conformance/kernel/save-text.ts';
import { NetworkNamespace } from '../../iptables/network-namespace.ts';
import { podRequest, podSettings } from '../../iptables/settings-example.ts';
import { recordingLog } from '../../support/recording-log.ts';

export interface Lifecycle {
  readonly first: CaptureSettings;
  readonly second: CaptureSettings;
  /** Rules of others, as arguments of iptables. */
  readonly foreign: readonly string[];
  readonly force: '' | 'nft' | 'legacy';
  /** By the flags of the second configuration, or by none. */
  readonly cleanup: 'only' | 'all';
}

/** @throws AssertionError for a step that leaves something else than it must */
export async function liveThrough(life: Lifecycle): Promise<void> {
  await using pod = await CapturePod.create(life);
  const before = await pod.state();

  await pod.capture(life.first);
  const applied = await pod.state();
  const log = await pod.capture(life.first);
  assert.deepEqual(await pod.state(), applied, 'a second run changed something');
  assert.doesNotMatch(log, /Running iptables restore/);

  await pod.capture(life.second, { reconcile: true });
  assert.deepEqual(await pod.state(), await freshState(life), 'reconciled rules differ from fresh ones');

  await pod.capture(life.cleanup === 'all' ? podSettings() : life.second, { cleanup: life.cleanup });
  assert.deepEqual(await pod.state(), before, 'the clean-up left another state than there was');
}

/** What the second configuration makes of a place that never had another one. */
async function freshState(life: Lifecycle): Promise<State> {
  await using pod = await CapturePod.create(life);
  await pod.capture(life.second);
  return await pod.state(); // before it is gone
}

type State = Readonly<Record<string, string>>;

class CapturePod implements AsyncDisposable {
  readonly #pod: NetworkNamespace;
  readonly #force: string;
  readonly #run: RunTool;

  private constructor(pod: NetworkNamespace, force: string) {
    this.#pod = pod;
    this.#force = force;
    const run = hostTools(nodeSpawn, { PATH: process.env['PATH'] ?? '' });
    const inside = ['net', 'mnt'].map((name) => `/proc/${pod.pid}/ns/${name}`);
    const enter = [`--net=${inside[0]}`, `--mount=${inside[1]}`];
    this.#run = ({ file, args, ...call }) =>
      run({ ...call, file: 'nsenter', args: [...enter, file, ...args] });
  }

  static async create({ foreign, force }: Lifecycle): Promise<CapturePod> {
    const pod = await NetworkNamespace.create();
    const tools = force === '' ? ['nft'] : [force];
    await pod.shell(`
      ip link set lo up
      ip link add eth0 type veth peer name eth1
      ${foreign.flatMap((rule) => tools.map((tool) => `iptables-${tool} ${rule}`)).join('\n')}
    `);
    return new CapturePod(pod, force);
  }

  /** @returns what was logged */
  async capture(settings: CaptureSettings, changes: Partial<CaptureRequest> = {}): Promise<string> {
    const { log, messages } = recordingLog();
    const request = podRequest({
      ...settings,
      dualStack: settings.enableIPv6,
      forceBinary: this.#force,
      ...changes,
    });
    const servers = [...settings.dnsServersV4, ...settings.dnsServersV6];
    const host = {
      addresses: async () => ['10.77.0.2', 'fd77::2'],
      interfaces: async () => new Set<string>(),
      readText: async () => servers.map((server) => `nameserver ${server}\n`).join(''),
      uid: () => 0,
    };
    const deps = { run: this.#run, host, clock: systemClock(), log, print: assert.fail, env: {} };
    await runCapture(deps, request, AbortSignal.any([]));
    return messages('info').join('\n');
  }

  async state(): Promise<State> {
    const out = async (file: string, ...args: readonly string[]): Promise<string> =>
      (await this.#pod.run(file, args)).stdout;
    const state: Record<string, string> = {};
    for (const tool of ['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy']) {
      state[tool] = normalSave(await out(`${tool}-save`));
    }
    for (const option of ['-4', '-6']) {
      // Priorities and empty tables tell how often something was set, not what is there.
      state[`rules ${option}`] = (await out('ip', option, 'rule', 'show')).replaceAll(/^\d+:/gm, '');
      state[`routes ${option}`] = await out('ip', option, 'route', 'show', 'table', 'all', 'type', 'local');
    }
    return state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pod[Symbol.asyncDispose]();
  }
}
