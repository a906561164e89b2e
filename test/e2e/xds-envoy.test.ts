// The real Envoy behind the real agent and its control plane: what becomes of a configuration that Envoy refuses, of a
// control plane that is restarted, and of two Envoys at once.

import { deepEqual, equal, match } from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';

import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { RestartingPod } from './support/restarting-pod.ts';

/** The body of a listener that Envoy refuses: it has the same filter chain twice. */
const REFUSED = 'refused';

for (const [kind, delta] of [
  ['delta', 'true'],
  ['state of the world', 'false'],
] as const) {
  describe(`Envoy behind the agent, ${kind} xDS`, function () {
    this.timeout(90_000);
    let folder: TemporaryDirectory;
    let pod: RestartingPod;
    before(async () => {
      folder = await temporaryDirectory();
      pod = await RestartingPod.start(folder.path, {
        env: { ISTIO_DELTA_XDS: delta },
        listener: refusable,
        // The old of two Envoys stays as long as the test is about it, and nobody waits for it at the end.
        proxyConfig: {
          drainDuration: '10s',
          parentShutdownDuration: '20s',
          terminationDrainDuration: '0s',
        },
      });
    });
    after(async () => {
      await pod[Symbol.asyncDispose]();
      await folder.remove();
    });

    const answer = async (): Promise<string> =>
      (await fetch(pod.url, { headers: { connection: 'close' } })).text();
    const answers = (body: string): Promise<void> =>
      pod.pod.until(async () => (await answer()) === body, 60_000);

    /** Waits until the control plane has heard of so many accepted and refused listener updates. */
    const heard = (expected: ReturnType<typeof pod.listenerAnswers>): Promise<void> =>
      pod.pod.until(async () => isDeepStrictEqual(pod.listenerAnswers(), expected), 60_000);

    it('keeps what it had when it refuses something new, in words that reach operator and control plane', async () => {
      await heard({ accepted: 1, refused: 0 });

      await pod.push(REFUSED);
      await heard({ accepted: 1, refused: 1 });

      equal(await answer(), 'hello');
      match(await pod.pod.log(), /\twarn\txdsproxy\tEnvoy refused LDS: .*same matching rules/);
      const { answer: given, refusal } = await listenersOnPage(pod);
      equal(given, 'NACK');
      match(String(refusal), /same matching rules/);
    });

    it('takes the correction on the same stream', async () => {
      await pod.push('corrected');

      await answers('corrected');
      await heard({ accepted: 2, refused: 1 });
      const { answer: given, refusal } = await listenersOnPage(pod);
      deepEqual({ given, refusal }, { given: 'ACK', refusal: null });
    });

    it('has a stream of its own beside the Envoy it replaces', async () => {
      await pod.restart('POST /restart');
      await heard({ accepted: 3, refused: 1 });

      await pod.push('to both');

      await heard({ accepted: 5, refused: 1 });
      await answers('to both');
    });

    it('serves on without a control plane, and has what is new once there is one again', async () => {
      await pod.stopControlPlane();
      const meanwhile = await answer();

      await pod.startControlPlane();
      await pod.push('after the restart');

      equal(meanwhile, 'to both');
      await answers('after the restart');
      equal(pod.listenerAnswers().refused, 0);
    });
  });
}

function refusable(listener: object): object {
  const { filter_chains: chains } = listener as { readonly filter_chains: readonly object[] };
  const isRefused = JSON.stringify(chains).includes(JSON.stringify(REFUSED));
  return isRefused ? { ...listener, filter_chains: [...chains, ...chains] } : listener;
}

interface TypeOnPage {
  readonly type: string;
  readonly answer: string | null;
  readonly refusal: string | null;
}

/** What `/debug/xds` says of the listeners of the first Envoy. */
async function listenersOnPage({ pod }: RestartingPod): Promise<Omit<TypeOnPage, 'type'>> {
  const page = (await (await fetch(pod.status('/debug/xds'))).json()) as {
    readonly generations: readonly { readonly types: readonly TypeOnPage[] }[];
  };
  const listeners = page.generations[0]?.types.find(({ type }) => type === 'LDS');
  return listeners ?? { answer: null, refusal: null };
}
