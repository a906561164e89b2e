// The trust anchors of the connection to the discovery service over the time of the agent: read again at every connect
// and at every change of their file. A file that cannot be used now does not take away what could be used before.
// Upstream counterpart: istio pkg/istio-agent/agent.go, the watch of the root certificate of XDS.

import { CauseLog } from '../../runtime/cause-log.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { abortable, aborted } from '../../runtime/tasks.ts';
import { watchFiles } from '../../runtime/watch.ts';
import type { AnchorSource } from './dialer.ts';
import type { Root } from './roots.ts';
import { readTrustAnchors } from './trust-anchors.ts';

interface KeptAnchorsDeps {
  readonly root: Root;
  readonly log: Log;
  readonly watch: typeof watchFiles;
  /** To begin with. */
  readonly anchors: string[];
}

export class KeptAnchors implements AnchorSource {
  readonly #root: Root;
  readonly #log: Log;
  readonly #faults: CauseLog;
  readonly #watch: typeof watchFiles;
  readonly #needed = Promise.withResolvers<void>();
  #last: string[];

  /** @throws TrustAnchorError when there is nothing to begin with */
  static async open(root: Root, log: Log, watch = watchFiles): Promise<KeptAnchors> {
    return new KeptAnchors({ root, log, watch, anchors: await readTrustAnchors(root) });
  }

  private constructor({ root, log, watch, anchors }: KeptAnchorsDeps) {
    this.#root = root;
    this.#watch = watch;
    this.#log = log;
    this.#faults = new CauseLog(log);
    this.#last = anchors;
  }

  /** The certificates, each as PEM: those there are now, or else, with a warning, the last good ones. */
  async read(): Promise<string[]> {
    this.#needed.resolve();
    try {
      this.#last = await readTrustAnchors(this.#root);
      this.#faults.clear();
    } catch (error) {
      this.#faults.warn(`Failed to init xds proxy dial options: ${messageOf(error)}`);
    }
    return this.#last;
  }

  /**
   * Reads the file at each of its changes, so that a bad one is known before it is needed again. Nothing is watched
   * before the first connect, which reads the file anyway: Envoy's start does not wait for chokidar. Ends by the signal.
   */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#root.kind === 'system') return aborted(signal);
    await abortable(this.#needed.promise, signal);
    await using _watcher = await this.#watch([this.#root.path], this.#log, () => void this.read());
    await this.read(); // it may have changed before it was watched
    return await aborted(signal);
  }
}
