// The trust anchors that the control plane wants to be trusted besides those of the CA. They come as one field of a
// ProxyConfig, and nothing else of that is taken, as in the reference: Envoy is configured with what the agent finds
// itself, so no such update ever asks for a new one.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go, the handler of PCDS.

import type { MessagesLoader } from '../proto/messages.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { filterRoots } from '../security/files/root-bundle.ts';

export interface ProxyConfigUpdatesDeps {
  readonly secrets: {
    /** Anchors to trust besides the CA's, each PEM; the same ones again change nothing. */
    readonly setExtraAnchors: (anchors: readonly string[]) => void;
  };
  readonly messages: MessagesLoader;
  /** Scope `xdsproxy`. */
  readonly log: Log;
}

export class ProxyConfigUpdates {
  readonly #deps: ProxyConfigUpdatesDeps;

  constructor(deps: ProxyConfigUpdatesDeps) {
    this.#deps = deps;
  }

  /**
   * Takes a packed ProxyConfig; one without certificates removes those of the one before.
   *
   * @throws Error when it is none, or a certificate in it cannot be used; the anchors of the one before stay
   */
  readonly take = async (bytes: Uint8Array): Promise<void> => {
    const { messages, secrets, log } = this.#deps;
    const { proxyConfig } = await messages();
    try {
      const { caCertificatesPem } = proxyConfig.decode(bytes);
      for (const [index, pem] of caCertificatesPem.entries()) checkAnchor(pem, index);
      secrets.setExtraAnchors(caCertificatesPem);
    } catch (error) {
      log.error(`failed to unmarshal proxy config: ${messageOf(error)}`);
      throw error;
    }
  };
}

/** Envoy would refuse all anchors because of one. */
function checkAnchor(pem: string, index: number): void {
  const { count, dropped } = filterRoots(pem);
  const [problem = count === 0 ? 'no certificate' : undefined] = dropped;
  if (problem !== undefined) throw new AgentError(`caCertificatesPem[${index}]: ${problem}`);
}
