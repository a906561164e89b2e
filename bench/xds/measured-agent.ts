// The whole agent as a process, without Envoy, in front of a push server: what a client orders goes straight or through
// the agent. The server's certificate has a root of its own; the agent's certificate is signed elsewhere.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { certificatePem } from '../../src/pki/certificates.ts';
import { issueLeaf, issueRoot } from '../../src/pki/issue.ts';
import { generateKeys, privateKeyPem } from '../../src/pki/keys.ts';
import { ControlPlane } from '../../test/e2e/support/control-plane.ts';
import { Pod } from '../../test/e2e/support/pod.ts';
import type { LoopDelay } from '../../test/e2e/support/xds-envoy/loop-probe.ts';
import { askedLoopDelay, PROBED, probeEnvironment } from '../../test/e2e/support/xds-envoy/probed-agent.ts';
import { startServer } from '../server-process.ts';
import type { Delivery } from './push-client.ts';
import type { PushOrder } from './push-order.ts';

const SERVER = resolve(import.meta.dirname, 'push-server.ts');
const CLIENT = resolve(import.meta.dirname, 'push-client.ts');

export class MeasuredAgent implements AsyncDisposable {
  readonly #opened: AsyncDisposableStack;
  readonly #pod: Pod;
  readonly #folder: string;
  readonly #port: number;

  private constructor(opened: AsyncDisposableStack, pod: Pod, folder: string, port: number) {
    this.#opened = opened;
    this.#pod = pod;
    this.#folder = folder;
    this.#port = port;
  }

  /**
   * Resolves when the agent listens for Envoy.
   *
   * @param folder empty
   * @param program words that start the agent
   */
  static async start(folder: string, program: readonly string[]): Promise<MeasuredAgent> {
    await using opened = new AsyncDisposableStack();
    await writeCertificates(folder);
    const port = await startServer([SERVER, join(folder, 'chain.pem'), join(folder, 'key.pem')], opened);
    const control = opened.use(await ControlPlane.start(join(folder, 'control'), { config: {} }));
    const pod = await Pod.start(join(folder, 'pod'), {
      control,
      program: [...PROBED, ...program],
      env: {
        DISABLE_ENVOY: 'true',
        MALLOC_MMAP_THRESHOLD_: '131072', // as in the image
        XDS_ROOT_CA: join(folder, 'root.pem'),
        ...probeEnvironment(join(folder, 'probe')),
      },
      proxyConfig: { discoveryAddress: `127.0.0.1:${port}` },
    });
    opened.use(pod);
    await pod.until(async () => (await fetch(pod.status('/debug/certs'))).ok);
    return new MeasuredAgent(opened.move(), pod, folder, port);
  }

  get pid(): number {
    return this.#pod.pid;
  }

  /** What the server sends reaches the client without the agent. */
  direct(orders: readonly PushOrder[]): Promise<Delivery[]> {
    return deliveries(`127.0.0.1:${this.#port}`, join(this.#folder, 'root.pem'), orders);
  }

  /** The client is where Envoy would be. */
  proxied(orders: readonly PushOrder[]): Promise<Delivery[]> {
    return deliveries(`unix:${join(this.#pod.root, 'etc/istio/proxy/XDS')}`, '', orders);
  }

  /** Since the last question. */
  loopDelay(): Promise<LoopDelay> {
    return askedLoopDelay(join(this.#folder, 'probe'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

async function writeCertificates(folder: string): Promise<void> {
  const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
  const [rootKeys, leafKeys] = await Promise.all([
    generateKeys({ type: 'ec', curve: 'P-256' }),
    generateKeys({ type: 'ec', curve: 'P-256' }),
  ]);
  const root = await issueRoot(rootKeys, { organization: 'bench', ...validity });
  const issuer = { certificate: root, privateKey: rootKeys.privateKey };
  const { publicKey } = leafKeys;
  const leaf = await issueLeaf(issuer, { publicKey, names: ['127.0.0.1'], ...validity });
  await writeFile(join(folder, 'root.pem'), certificatePem(root));
  await writeFile(join(folder, 'chain.pem'), certificatePem(leaf));
  await writeFile(join(folder, 'key.pem'), privateKeyPem(leafKeys.privateKey, true), { mode: 0o600 });
}

async function deliveries(
  target: string,
  rootPath: string,
  orders: readonly PushOrder[],
): Promise<Delivery[]> {
  const words = [CLIENT, target, rootPath, JSON.stringify(orders)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as Delivery[];
}
