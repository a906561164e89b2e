// The status with which each call of the server was ended. grpc-js ends some calls itself, for example one with a
// request larger than allowed, and tells their handler only that they are gone; the operator shall know why.

import {
  ServerInterceptingCall,
  type Metadata,
  type ServerInterceptingCallInterface,
  type status as Status,
} from '@grpc/grpc-js';

export interface GivenStatus {
  readonly code: Status;
  readonly details: string;
}

export class GivenStatuses {
  /** By the metadata of the call: the one object that an interceptor and a handler are both given. */
  readonly #byCall = new WeakMap<Metadata, GivenStatus>();

  /** For the options of the server. */
  readonly interceptor = (
    _method: unknown,
    call: ServerInterceptingCallInterface,
  ): ServerInterceptingCall => {
    let key: Metadata | undefined;
    const sendStatus = call.sendStatus.bind(call);
    call.sendStatus = (status) => {
      if (key !== undefined) this.#byCall.set(key, { code: status.code ?? 0, details: status.details ?? '' });
      sendStatus(status);
    };
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, pass) => {
            key = metadata;
            pass(metadata);
          },
        });
      },
    });
  };

  /** Undefined while the call goes on, and when the client has ended it. */
  of({ metadata }: { readonly metadata: Metadata }): GivenStatus | undefined {
    return this.#byCall.get(metadata);
  }
}
