// The server side of one state-of-the-world xDS stream: which names the client watches per type, which response it
// answers, and what it must be sent. Knows no resources and opens no socket: the owner makes the resources the
// machine asks for, in its own time, and lets the machine put them into a response.
// Upstream counterpart: istio pkg/xds/server.go ShouldRespond.

import { randomUUID } from 'node:crypto';

import type { Any, DiscoveryRequest, DiscoveryResponse } from '../proto/messages.ts';
import type { Meaning, Wanted } from './outcome.ts';
import { WHOLE_STATE_TYPES, WILDCARD } from './type-urls.ts';
import type { Watch } from './watch.ts';

export interface SotwOutcome {
  readonly meaning: Meaning;
  /** Present when a response is due. */
  readonly send?: Wanted;
}

export interface SotwStreamSettings {
  /** Makes the nonce of the next response. Default: a random UUID. */
  readonly nonce?: () => string;
}

export class SotwStream {
  readonly #watches = new Map<string, Watch>();
  readonly #nonce: () => string;

  constructor(settings: SotwStreamSettings = {}) {
    this.#nonce = settings.nonce ?? randomUUID;
  }

  /** The client's watch on a type, or undefined when it has none. */
  watch(typeUrl: string): Watch | undefined {
    return this.#watches.get(typeUrl);
  }

  /** Takes in a request and says what it meant and what it is owed. */
  onRequest(request: DiscoveryRequest): SotwOutcome {
    const { typeUrl, errorDetail, responseNonce } = request;
    const old = this.#watches.get(typeUrl);
    if (errorDetail) {
      if (old) this.#watches.set(typeUrl, { ...old, refusal: errorDetail });
      return { meaning: 'nack' };
    }
    const asked = askedNames(request, old);
    if (!asked.wildcard && asked.names.size === 0) {
      this.#watches.delete(typeUrl);
      return { meaning: 'unsubscribe' };
    }
    // A nonce without a watch is left over from an earlier stream of this client: it asks anew.
    if (responseNonce === '' || old === undefined) {
      this.#watches.set(typeUrl, { ...UNANSWERED, ...asked });
      return { meaning: 'subscribe', send: wantedOf(asked) };
    }
    if (responseNonce !== old.nonceSent) return { meaning: 'stale' };
    this.#watches.set(typeUrl, { ...old, ...asked, nonceAcked: responseNonce, refusal: undefined });
    return ackOutcome(typeUrl, old, asked);
  }

  /**
   * Says what the client must be sent now that resources have changed; undefined when it watches none of them.
   *
   * @param changed names of new and altered resources
   * @param removed names that are gone; only types that are sent as a whole can express this
   */
  onChange(typeUrl: string, changed: Iterable<string>, removed: Iterable<string> = []): Wanted | undefined {
    const watch = this.#watches.get(typeUrl);
    if (watch === undefined) return undefined;
    const seen = (name: string): boolean => watch.wildcard || watch.names.has(name);
    const touched = [...changed].filter(seen);
    if (!WHOLE_STATE_TYPES.has(typeUrl)) return touched.length > 0 ? touched : undefined;
    return touched.length > 0 || [...removed].some(seen) ? wantedOf(watch) : undefined;
  }

  /** Puts resources into the next response of a type; from now on the client's answer must carry its nonce. */
  respond(typeUrl: string, versionInfo: string, resources: Any[]): DiscoveryResponse {
    const nonce = this.#nonce();
    const watch = this.#watches.get(typeUrl);
    if (watch) this.#watches.set(typeUrl, { ...watch, nonceSent: nonce });
    return { versionInfo, resources, typeUrl, nonce };
  }
}

type Asked = Pick<Watch, 'wildcard' | 'names'>;

const UNANSWERED = { nonceSent: '', nonceAcked: '', refusal: undefined };

/** A request without names asks for everything, until the client has once asked by name. */
function askedNames(request: DiscoveryRequest, old: Watch | undefined): Asked {
  const { resourceNames, typeUrl } = request;
  const names = new Set(resourceNames.filter((name) => name !== WILDCARD));
  const byNameBefore = old !== undefined && !old.wildcard;
  const implied = resourceNames.length === 0 && WHOLE_STATE_TYPES.has(typeUrl) && !byNameBefore;
  return { wildcard: implied || resourceNames.includes(WILDCARD), names };
}

function wantedOf(asked: Asked): Wanted {
  return asked.wildcard ? 'all' : [...asked.names];
}

function ackOutcome(typeUrl: string, old: Watch, asked: Asked): SotwOutcome {
  const added = [...asked.names].filter((name) => !old.names.has(name));
  const becameWildcard = asked.wildcard && !old.wildcard;
  if (added.length === 0 && !becameWildcard) return { meaning: 'ack' };
  const whole = becameWildcard || WHOLE_STATE_TYPES.has(typeUrl);
  return { meaning: 'ack', send: whole ? wantedOf(asked) : added };
}
