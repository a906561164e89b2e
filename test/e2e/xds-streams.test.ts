// Streams of Envoy through a running agent, each of both kinds: opened, replaced, cut and lost, with the embedded control
// plane behind. Numbers in titles are those of the list of cases in the specification of the xDS proxy.

import { equal, match } from 'node:assert/strict';
import { join } from 'node:path';

import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import { CLUSTER_TYPE, LISTENER_TYPE } from '../../src/xds/type-urls.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { CaGate } from './support/identity/ca-gate.ts';
import { ask, subscription } from './support/xds/envoy-requests.ts';
import type { EnvoyStream } from './support/xds/envoy-connection.ts';
import { XDS_CONFIG, XdsPod } from './support/xds/xds-pod.ts';

const CLUSTERS = `${CLUSTER_TYPE} 1`;
const LISTENERS = `${LISTENER_TYPE} 1`;
const KINDS: readonly Kind[] = ['sotw', 'delta'];

const OK = 0;

describe('streams through an agent', function () {
  this.timeout(60_000);
  let folder: TemporaryDirectory;
  let control: ControlPlane;
  let gate: CaGate;
  let agent: XdsPod;

  before(async () => {
    folder = await temporaryDirectory();
    control = await ControlPlane.start(join(folder.path, 'control'), { config: XDS_CONFIG });
    gate = await CaGate.open(control.port);
    agent = await XdsPod.start(join(folder.path, 'pod'), {
      control,
      proxyConfig: { discoveryAddress: `127.0.0.1:${gate.port}` },
    });
  });

  after(async () => {
    await agent[Symbol.asyncDispose]();
    await gate[Symbol.asyncDispose]();
    await control.close();
    await folder.remove();
  });

  async function ended(stream: EnvoyStream): Promise<number> {
    return (await stream.status).code;
  }

  /** No stream of an earlier test counts. */
  afterEach(() => agent.pod.until(async () => control.streamCount === 0));

  for (const kind of KINDS) {
    describe(`of kind ${kind}`, () => {
      it('1: bring the answers in the order of the questions', async () => {
        using connection = agent.connect();
        const stream = connection.open(kind);

        equal(await ask(stream, CLUSTER_TYPE), CLUSTERS);
        equal(await ask(stream, LISTENER_TYPE), LISTENERS);
      });

      it('2: are gone once the client has said its last word, and their connection takes another', async () => {
        using connection = agent.connect();
        const first = connection.open(kind);
        await ask(first);

        first.halfClose();
        equal(await ended(first), OK);
        await agent.pod.until(async () => control.streamCount === 0, 1000);

        equal(await ask(connection.open(kind)), CLUSTERS);
      });

      it('3: give way to a newer one on the same connection', async () => {
        using connection = agent.connect();
        const first = connection.open(kind);
        await ask(first);

        const second = connection.open(kind);

        equal(await ask(second), CLUSTERS);
        equal(await ended(first), OK);
      });

      it('4: come back on a new connection after the client has closed the old one', async () => {
        using old = agent.connect();
        await ask(old.open(kind));
        old.cut();

        using connection = agent.connect();

        equal(await ask(connection.open(kind)), CLUSTERS);
      });

      it('5: are not touched by the end of the connection of the one before', async () => {
        const old = agent.connect();
        await ask(old.open(kind));
        using connection = agent.connect();
        const stream = connection.open(kind);
        await ask(stream);

        old.close();

        equal(await ask(stream, LISTENER_TYPE), LISTENERS);
        equal(control.streamCount, 1);
      });

      it('22: of two generations are served side by side, and end alone', async () => {
        using connection = agent.connect();
        const [zero, one] = [connection.open(kind), connection.open(kind, '1')];
        equal(await ask(zero), CLUSTERS);
        equal(await ask(one), CLUSTERS);
        equal(control.streamCount, 2);

        const newer = connection.open(kind, '1');
        equal(await ask(newer), CLUSTERS);
        equal(await ended(one), OK);
        newer.halfClose();
        equal(await ended(newer), OK);

        equal(await ask(zero, LISTENER_TYPE), LISTENERS);
      });

      it('21: do not wait for a stuck control plane before they give way', async () => {
        await gate.lead('silence');
        using connection = agent.connect();
        const stuck = connection.open(kind);
        const before = gate.arrivals;
        stuck.send(subscription(kind, CLUSTER_TYPE));
        await agent.pod.until(async () => gate.arrivals > before);

        const startMs = performance.now();
        const second = connection.open(kind);
        equal(await ended(stuck), OK);
        const tookMs = performance.now() - startMs;
        second.cancel();
        await gate.lead(control.port);

        equal(tookMs < 10_000, true, `${tookMs} ms`); // the limit of a connect is 20 s
        equal(await ask(connection.open(kind)), CLUSTERS);
      });

      it('6: end with the control plane, and work again with the next one at its address', async () => {
        // A generation of its own: from its second early end on, an Envoy is let wait.
        const generation = kind === 'sotw' ? '6' : '7';
        using connection = agent.connect();
        const stream = connection.open(kind, generation);
        await ask(stream);
        const { port } = control;

        await control.close();
        const code = await ended(stream);
        control = await ControlPlane.start(join(folder.path, 'control'), { config: XDS_CONFIG, port });

        match(String(code), /^(?:0|1|14)$/); // as the control plane takes its leave
        equal(await ask(connection.open(kind, generation)), CLUSTERS);
      });
    });
  }
});
