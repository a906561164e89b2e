// A pod that something keeps from being ready, until that is removed. Its one listener needs the workload's
// certificate, so it is ready only when the discovery service and the CA both serve it.

import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePorts } from '../../../examples/demo/free-ports.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { ControlPlane } from './control-plane.ts';
import { inboundListener } from './inbound-listener.ts';
import { staticCluster } from './mesh-resources.ts';
import { INJECTED_ARGS, Pod } from './pod.ts';

export interface Trouble {
  /** Done before the agent starts. */
  readonly cause: (pod: TroubledPod) => Promise<void>;
  readonly removal: (pod: TroubledPod) => Promise<void>;
  /** True when the CA has an address of its own, at which nobody listens. */
  readonly ownCa?: boolean;
}

/** One warning or error of the agent, without its time and fields. */
export interface Complaint {
  readonly scope: string;
  readonly text: string;
}

/** Tries of a stream that keeps failing are up to 10 s apart. */
const PATIENCE_MS = 40_000;

const DEBUG = '--log_output_level=default:info,cache:debug,xdsproxy:debug,security:debug';

export class TroubledPod implements AsyncDisposable {
  /** The control plane of the pod's mesh. */
  control: ControlPlane;
  /** That of another mesh: its root and its tokens are worth nothing here. */
  readonly stranger: ControlPlane;
  readonly root: string;
  /** Where the CA is when it has an address of its own. */
  readonly caPort: number;
  readonly #folder: string;
  readonly #config: Readonly<Record<string, object>>;
  readonly #opened: AsyncDisposableStack;
  #pod: Pod | undefined;

  private constructor(parts: Parts, opened: AsyncDisposableStack) {
    this.control = parts.control;
    this.stranger = parts.stranger;
    this.caPort = parts.caPort;
    this.#folder = parts.folder;
    this.root = join(parts.folder, 'pod');
    this.#config = parts.config;
    this.#opened = opened;
  }

  static async start(trouble: Trouble): Promise<TroubledPod> {
    await using opened = new AsyncDisposableStack();
    const { path: folder } = opened.use(await temporaryDirectory());
    const [listenerPort = 0, caPort = 0] = await freePorts(2);
    const resources = [inboundListener(listenerPort), staticCluster('app', 8080)];
    const config = { 'mesh.yaml': { resources } };
    const control = await ControlPlane.start(join(folder, 'control'), { config });
    opened.defer(() => control.close());
    const stranger = opened.use(await ControlPlane.start(join(folder, 'stranger'), { config }));
    const pod = new TroubledPod({ folder, config, control, stranger, caPort }, opened.move());
    await pod.#start(trouble);
    return pod;
  }

  get pod(): Pod {
    if (this.#pod === undefined) throw new Error('the pod was not started');
    return this.#pod;
  }

  /** Puts the token of the workload there, as one of the two control planes makes it. */
  async mountToken(from: ControlPlane): Promise<void> {
    await writeFile(this.tokenPath, await from.token('default', 'web'));
  }

  get tokenPath(): string {
    return join(this.root, 'var/run/secrets/tokens/istio-token');
  }

  mountRoot(of: ControlPlane): Promise<void> {
    return copyFile(of.rootCertificatePath, join(this.root, 'var/run/secrets/istio/root-cert.pem'));
  }

  /** Opens the control plane, or another one of the same mesh, at a port. */
  async openControl(port: number): Promise<void> {
    const options = { config: this.#config, port };
    this.#opened.use(await ControlPlane.start(join(this.#folder, 'control'), options));
  }

  /** Waits until each of these scopes has said again, at debug, what it had warned of. */
  async triedAgain(scopes: readonly string[]): Promise<void> {
    await this.pod.until(async () => {
      const warned = await this.#lines(['warn']);
      const repeated = await this.#lines(['debug']);
      return scopes.every((scope) =>
        warned.some((line) => line.scope === scope && repeated.some(({ text }) => text === line.text)),
      );
    }, PATIENCE_MS);
  }

  /** Warnings and errors so far, oldest first. */
  complaints(): Promise<Complaint[]> {
    return this.#lines(['warn', 'error']);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }

  async #start({ cause, ownCa = false }: Trouble): Promise<void> {
    const env = ownCa ? { CA_ADDR: `127.0.0.1:${this.caPort}` } : {};
    const args = [...INJECTED_ARGS.slice(0, -1), DEBUG];
    const prepare = (): Promise<void> => cause(this);
    this.#pod = this.#opened.use(await Pod.start(this.root, { control: this.control, env, args, prepare }));
  }

  /** `time <tab> level <tab> scope <tab> text <tab> fields`; Envoy's own levels have other names. */
  async #lines(levels: readonly string[]): Promise<Complaint[]> {
    const lines = (await this.pod.log()).split('\n').map((line) => line.split('\t'));
    return lines.flatMap(([, level = '', scope = '', text = '']) =>
      levels.includes(level) ? [{ scope, text }] : [],
    );
  }
}

interface Parts {
  readonly folder: string;
  readonly config: Readonly<Record<string, object>>;
  readonly control: ControlPlane;
  readonly stranger: ControlPlane;
  readonly caPort: number;
}
