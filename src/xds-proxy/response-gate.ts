// Lets responses of the control plane through one at a time: the next one is read only when the last is done with, and
// until then HTTP/2 flow control holds the control plane back. A consumer of the stream object would not do: that
// buffers 16 messages.

import { InterceptingCall, type Interceptor } from '@grpc/grpc-js';

/**
 * From this size on a message is sent on in a turn of the event loop after the one in which grpc-js has put it together,
 * a copy that takes up to a millisecond per mebibyte.
 */
const LARGE_BYTES = 4 * 1024 * 1024;

/** @param onResponse holds back the next response, and the final status, until it resolves; must not reject */
export function responseGate(onResponse: (bytes: Buffer) => Promise<void>): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        next(metadata, {
          onReceiveMessage: (bytes: Buffer, done) => {
            const take = (): void => void onResponse(bytes).finally(() => done(bytes));
            if (bytes.length < LARGE_BYTES) take();
            else setTimeout(take, 0); // not setImmediate: its callbacks belong to the same turn
          },
        });
      },
    });
}
