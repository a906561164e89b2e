import { deepEqual } from 'node:assert/strict';
import { setTimeout as nextRound } from 'node:timers/promises';

import { Metadata, status as Status, type InterceptingListener } from '@grpc/grpc-js';

import { responseGate } from '../../src/xds-proxy/response-gate.ts';
import { ADS_METHODS } from './control-plane.ts';

/** The gate between a transport of the test, which is asked for each message, and a reader that wants all. */
class GatedCall {
  readonly begun: number[] = [];
  readonly read: number[] = [];
  status: Status | undefined;
  readonly #ends: (() => void)[] = [];
  #transport: InterceptingListener | undefined;

  constructor() {
    const gate = responseGate(async (bytes) => {
      this.begun.push(bytes.length);
      await new Promise<void>((resolve) => this.#ends.push(resolve));
    });
    const call = gate({ method_definition: ADS_METHODS.sotw }, () => ({
      start: (_metadata, listener) => {
        this.#transport = listener as InterceptingListener;
      },
      startRead: () => undefined,
      sendMessage: () => undefined,
      sendMessageWithContext: () => undefined,
      halfClose: () => undefined,
      cancelWithStatus: () => undefined,
      getPeer: () => '',
      getAuthContext: () => null,
    }));
    call.start(new Metadata(), {
      onReceiveMetadata: () => undefined,
      onReceiveMessage: (bytes: Buffer) => this.read.push(bytes.length),
      onReceiveStatus: ({ code }) => {
        this.status = code;
      },
    });
  }

  arrive(sizeBytes: number): void {
    this.#transport?.onReceiveMessage(Buffer.alloc(sizeBytes));
  }

  arriveStatus(code: Status): void {
    this.#transport?.onReceiveStatus({ code, details: '', metadata: new Metadata() });
  }

  async finishOldest(): Promise<void> {
    this.#ends.shift()?.();
    await nextRound(0);
  }
}

describe('responseGate', () => {
  it('asks for no further response, and passes no status on, before the last response is done with', async () => {
    const call = new GatedCall();

    call.arrive(5);
    call.arriveStatus(Status.UNAVAILABLE);
    const whileHandled = { begun: [...call.begun], read: [...call.read], status: call.status };
    await call.finishOldest();

    deepEqual(whileHandled, { begun: [5], read: [], status: undefined });
    deepEqual({ read: call.read, status: call.status }, { read: [5], status: Status.UNAVAILABLE });
  });
});
