// A state-of-the-world ADS stream's side of the conversation.

import type { Any } from '../../proto/messages.ts';
import type { Wanted } from '../../xds/outcome.ts';
import { SotwStream } from '../../xds/sotw-stream.ts';
import type { TypeConfig } from '../generation/node-config.ts';
import { decodeRequest } from './call-error.ts';
import { isForeignType, logPush, logRequest, type Session, type SessionDeps } from './session.ts';

export class SotwSession implements Session {
  readonly #deps: SessionDeps;
  readonly #stream = new SotwStream();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  readonly onRequest = (bytes: Buffer): Buffer[] => {
    const { messages, view } = this.#deps;
    const request = decodeRequest(messages.discoveryRequest, bytes);
    view.identify(request.node);
    if (isForeignType(request.typeUrl)) return [];
    const { meaning, send } = this.#stream.onRequest(request);
    logRequest(this.#deps, request.typeUrl, meaning, request.errorDetail);
    return send === undefined ? [] : [this.#response(request.typeUrl, send)];
  };

  readonly onChange = (): Buffer[] =>
    this.#deps.view.refresh().flatMap(({ typeUrl, changed, removed }) => {
      const send = this.#stream.onChange(typeUrl, changed, removed);
      return send === undefined ? [] : [this.#response(typeUrl, send)];
    });

  /** Names without a resource are left out: a response is how SotW says that they do not exist. */
  #response(typeUrl: string, wanted: Wanted): Buffer {
    const config = this.#deps.view.config.get(typeUrl);
    const resources = selected(config, wanted);
    const response = this.#stream.respond(typeUrl, config?.version ?? '', resources);
    const bytes = this.#deps.messages.discoveryResponse.encode(response);
    logPush(this.#deps, typeUrl, resources.length, bytes.length);
    return bytes;
  }
}

function selected(config: TypeConfig | undefined, wanted: Wanted): Any[] {
  if (config === undefined) return [];
  if (wanted === 'all') return [...config.resources.values()].map(({ resource }) => resource);
  return wanted.flatMap((name) => config.resources.get(name)?.resource ?? []);
}
