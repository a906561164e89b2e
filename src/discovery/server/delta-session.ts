// An incremental ADS stream's side of the conversation.

import { DeltaStream } from '../../xds/delta-stream.ts';
import { decodeRequest } from './call-error.ts';
import { isForeignType, logPush, logRequest, type Session, type SessionDeps } from './session.ts';

export class DeltaSession implements Session {
  readonly #deps: SessionDeps;
  readonly #stream = new DeltaStream();

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  readonly onRequest = (bytes: Buffer): Buffer[] => {
    const { messages, view } = this.#deps;
    const request = decodeRequest(messages.deltaDiscoveryRequest, bytes);
    view.identify(request.node);
    if (isForeignType(request.typeUrl)) return [];
    const { meaning, due } = this.#stream.onRequest(request);
    logRequest(this.#deps, request.typeUrl, meaning, request.errorDetail);
    return due ? this.#difference(request.typeUrl) : [];
  };

  readonly onChange = (): Buffer[] =>
    this.#deps.view.refresh().flatMap(({ typeUrl, again }) => {
      if (again) this.#stream.resend(typeUrl);
      return this.#difference(typeUrl);
    });

  #difference(typeUrl: string): Buffer[] {
    const config = this.#deps.view.config.get(typeUrl);
    const response = this.#stream.difference(typeUrl, config?.version ?? '', config?.resources ?? new Map());
    if (response === undefined) return [];
    const bytes = this.#deps.messages.deltaDiscoveryResponse.encode(response);
    logPush(this.#deps, typeUrl, response.resources.length, bytes.length);
    return [bytes];
  }
}
