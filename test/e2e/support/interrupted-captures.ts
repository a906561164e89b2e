// Runs of istio-iptables that are ended in the middle, at moments that look random and are the same every time, and
// what the next run, or nobody, must make of the state they leave.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

import { normalSave } from '../../conformance/kernel/save-text.ts';
import { NetworkNamespace } from '../../iptables/network-namespace.ts';

const AGENT = join(import.meta.dirname, '../../../src/cli/agent.ts');
const POD =
  '-p 15001 -z 15006 -u 1337 -m TPROXY -i * -x  -b * -d 15090 --dual-stack --redirect-dns --capture-all-dns'.split(
    ' ',
  );

const OTHER = [...POD, '-b', '80'];

/** Numbers from 0 to 1 that look random and are the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ;) {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

class Pod implements AsyncDisposable {
  readonly #pod: NetworkNamespace;
  readonly #variant: string;

  private constructor(pod: NetworkNamespace, variant: string) {
    this.#pod = pod;
    this.#variant = variant;
  }

  static async create(variant: CaptureVariant): Promise<Pod> {
    const pod = await NetworkNamespace.create();
    await pod.shell(`
      ip link set lo up
      ip link add eth0 type veth peer name eth1
      ip addr add 10.77.0.2/24 dev eth0
      ip addr add fd77::2/64 dev eth0 nodad
      ip link set eth0 up
      iptables-${variant} -t nat -A OUTPUT -p udp --dport 9 -j RETURN
    `);
    return new Pod(pod, variant);
  }

  /** @returns the exit code and how long it took */
  async agent(args: readonly string[]): Promise<{ readonly code: number | null; readonly tookMs: number }> {
    const startMs = performance.now();
    const { code } = await this.#pod.run(process.execPath, this.#words(args));
    return { code, tookMs: performance.now() - startMs };
  }

  /** Starts the agent, ends it after a while in the given way, and waits for the tool it may have been running. */
  async interrupted(args: readonly string[], afterMs: number, signal: NodeJS.Signals): Promise<void> {
    const child = this.#pod.start(process.execPath, this.#words(args));
    child.stdout.resume();
    child.stderr.resume();
    const ended = once(child, 'close'); // streams too: a tool that is still running holds them
    const timer = setTimeout(() => child.kill(signal), afterMs);
    await ended;
    clearTimeout(timer);
  }

  async state(): Promise<readonly string[]> {
    const out = async (file: string, ...args: readonly string[]): Promise<string> =>
      (await this.#pod.run(file, args)).stdout;
    return [
      normalSave(await out(`iptables-${this.#variant}-save`)),
      normalSave(await out(`ip6tables-${this.#variant}-save`)),
      (await out('ip', '-4', 'rule', 'show')).replaceAll(/^\d+:/gm, ''),
      (await out('ip', '-6', 'rule', 'show')).replaceAll(/^\d+:/gm, ''),
      await out('ip', 'route', 'show', 'table', '133'),
      await out('ip', '-6', '-o', 'addr', 'show', 'dev', 'lo'),
    ];
  }

  #words(args: readonly string[]): readonly string[] {
    return [AGENT, 'istio-iptables', ...args, `--force-iptables-binary=${this.#variant}`];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pod[Symbol.asyncDispose]();
  }
}

export type CaptureVariant = 'nft' | 'legacy';

/** Killed while it applies, cleans up and reconciles: each time the same command once more completes it. */
export async function killAndRepeat(variant: CaptureVariant, kills: number, seed: number): Promise<void> {
  await using pod = await Pod.create(variant);
  const random = numbers(seed);
  const cleanup = [...POD, '--cleanup-only'];
  const reconcile = [...POD, '--reconcile'];
  const before = await pod.state();
  const { tookMs } = await pod.agent(POD);
  const applied = await pod.state();
  assert.notDeepEqual(applied, before);
  await pod.agent(cleanup);

  for (let kill = 0; kill < kills; kill += 1) {
    // The first part of a run is spent on loading.
    await pod.interrupted(POD, tookMs * (0.4 + 0.6 * random.next().value), 'SIGKILL');
    assert.equal((await pod.agent(POD)).code, 0);
    assert.deepEqual(await pod.state(), applied, 'after apply');

    await pod.agent([...OTHER, '--reconcile']);
    await pod.interrupted(reconcile, tookMs * (0.4 + 0.9 * random.next().value), 'SIGKILL');
    assert.equal((await pod.agent(reconcile)).code, 0);
    assert.deepEqual(await pod.state(), applied, 'after reconcile');

    await pod.interrupted(cleanup, tookMs * (0.4 + 0.9 * random.next().value), 'SIGKILL');
    assert.equal((await pod.agent(cleanup)).code, 0);
    assert.deepEqual(await pod.state(), before, 'after clean-up');
  }
}

/** Told to end while it applies and reconciles: nothing half-done is left, and no guards. */
export async function stopInTheMiddle(variant: CaptureVariant, stops: number, seed: number): Promise<void> {
  await using pod = await Pod.create(variant);
  const random = numbers(seed);
  const before = await pod.state();
  const { tookMs } = await pod.agent(POD);
  const applied = await pod.state();

  for (let stop = 0; stop < stops; stop += 1) {
    await pod.agent([...POD, '--cleanup-only']);
    await pod.interrupted(POD, tookMs * (0.3 + 0.7 * random.next().value), 'SIGTERM');
    const state = await pod.state();
    assert.ok(
      [before, applied].some((whole) => isDeepStrictEqual(whole, state)),
      state.join('\n'),
    );

    await pod.agent([...OTHER, '--reconcile']);
    await pod.interrupted([...POD, '--reconcile'], tookMs * (0.3 + random.next().value), 'SIGTERM');
    assert.doesNotMatch((await pod.state()).join('\n'), /-j DROP/);
  }
}
