// Lets responses of the control plane through one at a time: the next one is read only when the last is done with, and
// until then HTTP/2 flow control holds the control plane back. A consumer of the stream object would not do: that
// buffers 16 messages.

import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';

import { assemblingFrames } from './frame-assembly.ts';

/** @param onResponse holds back the next response, and the final status, until it resolves; must not reject */
export function responseGate(onResponse: (bytes: Buffer) => Promise<void>): Interceptor {
  return (options, nextCall) => {
    const call = nextCall(options);
    return new InterceptingCall(call, {
      start: (metadata, _listener, next) => {
        next(metadata, {
          onReceiveMetadata: (received, pass) => {
            assemblingFrames(call);
            pass(received);
          },
          onReceiveMessage: (bytes: Buffer, done) => void onResponse(bytes).finally(() => done(bytes)),
        });
      },
    });
  };
}
