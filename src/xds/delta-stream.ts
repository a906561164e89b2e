// The server side of one incremental xDS stream: what the client watches per type, which version of each resource
// it holds, and therefore the difference it must be sent. Pure: the owner passes the current resources in and
// sends the response that comes out. Unlike SotW, an old nonce never voids a request: every message is a change
// of the subscription, and several responses may be unanswered at once.
// Upstream counterpart: istio pilot/pkg/xds/delta.go shouldRespondDelta, and the xDS protocol's incremental part.

import { randomUUID } from 'node:crypto';

import type { Any, DeltaDiscoveryRequest, DeltaDiscoveryResponse, Status } from '../proto/messages.ts';
import type { Meaning } from './outcome.ts';
import { WHOLE_STATE_TYPES, WILDCARD } from './type-urls.ts';
import type { Watch } from './watch.ts';

/** A resource as the server holds it. */
export interface VersionedResource {
  /** Changes exactly when the content does. */
  readonly version: string;
  readonly resource: Any;
}

export interface DeltaOutcome {
  readonly meaning: Meaning;
  /** True when the owner must ask for the difference; it may turn out to be empty. */
  readonly due: boolean;
}

export interface DeltaStreamSettings {
  /** Makes the nonce of the next response. Default: a random UUID. */
  readonly nonce?: () => string;
}

/** The version of a resource the client has asked for and been told nothing about. */
const UNKNOWN_VERSION = '';

interface State {
  wildcard: boolean;
  readonly names: Set<string>;
  /** What the client holds: name to version. A name at UNKNOWN_VERSION must be answered, if only as removed. */
  readonly held: Map<string, string>;
  nonceSent: string;
  nonceAcked: string;
  refusal: Status | undefined;
}

export class DeltaStream {
  readonly #states = new Map<string, State>();
  readonly #nonce: () => string;

  constructor(settings: DeltaStreamSettings = {}) {
    this.#nonce = settings.nonce ?? randomUUID;
  }

  /** The client's watch on a type, or undefined when it has none. */
  watch(typeUrl: string): Watch | undefined {
    return this.#states.get(typeUrl);
  }

  /** Takes in a request and says what it meant and whether a difference is due. */
  onRequest(request: DeltaDiscoveryRequest): DeltaOutcome {
    const { typeUrl, responseNonce, errorDetail } = request;
    const known = this.#states.get(typeUrl);
    const state = known ?? firstState(request);
    this.#states.set(typeUrl, state);
    const asked = applySubscription(state, request);
    if (!state.wildcard && state.names.size === 0) {
      this.#states.delete(typeUrl);
      return { meaning: 'unsubscribe', due: false };
    }
    // The very first request is always answered, also with nothing: the client waits for it at its own start.
    const due = known === undefined || asked;
    if (errorDetail) {
      state.refusal = errorDetail;
      return { meaning: 'nack', due };
    }
    if (responseNonce === '' || known === undefined) return { meaning: 'subscribe', due };
    if (responseNonce !== state.nonceSent) return { meaning: 'stale', due };
    state.nonceAcked = responseNonce;
    state.refusal = undefined;
    return { meaning: 'ack', due };
  }

  /**
   * The next response of a type, or undefined when the client already has everything and has been answered once.
   * Everything in the response counts as held from now on, whether the client accepts it or not.
   *
   * @param current all resources of the type this client may see, by name
   */
  difference(
    typeUrl: string,
    systemVersionInfo: string,
    current: ReadonlyMap<string, VersionedResource>,
  ): DeltaDiscoveryResponse | undefined {
    const state = this.#states.get(typeUrl);
    if (state === undefined) return undefined;
    const changed = [...current].filter(
      ([name, { version }]) => watches(state, name) && state.held.get(name) !== version,
    );
    const removedResources = [...state.held.keys()].filter((name) => !current.has(name));
    if (changed.length === 0 && removedResources.length === 0 && state.nonceSent !== '') return undefined;
    for (const [name, { version }] of changed) state.held.set(name, version);
    for (const name of removedResources) state.held.delete(name);
    state.nonceSent = this.#nonce();
    const resources = changed.map(([name, { version, resource }]) => ({ name, version, resource }));
    return { systemVersionInfo, resources, typeUrl, nonce: state.nonceSent, removedResources };
  }

  /** Makes the next difference carry every watched resource of the type again, changed or not. */
  resend(typeUrl: string): void {
    const state = this.#states.get(typeUrl);
    if (state === undefined) return;
    for (const name of state.held.keys()) state.held.set(name, UNKNOWN_VERSION);
  }
}

function firstState(request: DeltaDiscoveryRequest): State {
  return {
    wildcard: request.resourceNamesSubscribe.length === 0 && WHOLE_STATE_TYPES.has(request.typeUrl),
    names: new Set(),
    held: new Map(Object.entries(request.initialResourceVersions)),
    nonceSent: '',
    nonceAcked: '',
    refusal: undefined,
  };
}

/** @returns whether the client asked for something it must now be told about */
function applySubscription(state: State, request: DeltaDiscoveryRequest): boolean {
  const { resourceNamesSubscribe, resourceNamesUnsubscribe, initialResourceVersions } = request;
  for (const name of resourceNamesSubscribe) subscribe(state, name, initialResourceVersions[name]);
  for (const name of resourceNamesUnsubscribe) unsubscribe(state, name);
  return (
    resourceNamesSubscribe.length > 0 ||
    [...state.held.values()].some((version) => version === UNKNOWN_VERSION)
  );
}

function subscribe(state: State, name: string, version: string | undefined): void {
  if (name === WILDCARD) {
    state.wildcard = true;
    return;
  }
  state.names.add(name);
  // Asked again means: send again. Only a version named in this very request spares the repetition.
  state.held.set(name, version ?? UNKNOWN_VERSION);
}

function unsubscribe(state: State, name: string): void {
  if (name === WILDCARD) {
    state.wildcard = false;
    for (const held of state.held.keys()) if (!state.names.has(held)) state.held.delete(held);
    return;
  }
  state.names.delete(name);
  // Under a wildcard the client cannot know whether the resource is still its own: it must be told.
  if (state.wildcard) state.held.set(name, UNKNOWN_VERSION);
  else state.held.delete(name);
}

function watches(state: State, name: string): boolean {
  return state.wildcard || state.names.has(name);
}
