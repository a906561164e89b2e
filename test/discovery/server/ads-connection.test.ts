import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';

import { status } from '@grpc/grpc-js';

import { AdsConnection, type AdsCall } from '../../../src/discovery/server/ads-connection.ts';
import { CallError } from '../../../src/discovery/server/call-error.ts';
import type { Session } from '../../../src/discovery/server/session.ts';
import { recordingLog } from '../../support/recording-log.ts';

/** A call whose writes finish when the test says so. */
class SlowCall extends EventEmitter {
  cancelled = false;
  readonly written: string[] = [];
  readonly states: string[] = [];
  #finish: (() => void) | undefined;

  write(bytes: Buffer, done: () => void): void {
    this.written.push(bytes.toString());
    this.#finish = done;
  }

  finishWrite(): Promise<void> {
    this.#finish?.();
    return turns();
  }

  pause(): void {
    this.states.push('paused');
  }

  resume(): void {
    this.states.push('resumed');
  }

  end(): void {
    this.states.push('ended');
  }
}

/** Lets everything that is due run. */
function turns(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

interface Fixture {
  readonly call: SlowCall;
  readonly connection: AdsConnection;
  readonly served: Promise<void>;
}

function fixture(session: Partial<Session>): Fixture {
  const call = new SlowCall();
  const connection = new AdsConnection({
    call: call as unknown as AdsCall,
    session: { onRequest: (bytes) => [bytes], onChange: () => [], ...session },
    log: recordingLog().log,
  });
  return { call, connection, served: connection.serve() };
}

describe('AdsConnection', () => {
  it('reads no further request before the answer is written', async () => {
    const { call } = fixture({});

    call.emit('data', Buffer.from('one'));
    await turns();
    const whileWriting = [...call.states];
    await call.finishWrite();

    assert.deepEqual(call.written, ['one']);
    assert.deepEqual(whileWriting, ['paused']);
    assert.deepEqual(call.states, ['paused', 'resumed']);
  });

  it('looks once at all the changes that came while the client was slow', async () => {
    let looks = 0;
    const { call, connection } = fixture({ onChange: () => [Buffer.from(`change ${++looks}`)] });
    call.emit('data', Buffer.from('one'));
    await turns();

    connection.changed();
    connection.changed();
    connection.changed();
    await call.finishWrite();

    assert.deepEqual(call.written, ['one', 'change 1']);
  });

  it('looks again at a change that comes while an earlier one is written', async () => {
    let looks = 0;
    const { call, connection } = fixture({ onChange: () => [Buffer.from(`change ${++looks}`)] });
    connection.changed();
    await turns();

    connection.changed();
    await call.finishWrite();

    assert.deepEqual(call.written, ['change 1', 'change 2']);
  });

  it('ends the stream with the status of a refusal', async () => {
    const refusal = new CallError(status.PERMISSION_DENIED, 'no');
    const { call, served } = fixture({
      onRequest: () => {
        throw refusal;
      },
    });
    const ending = new Promise((resolve) => call.once('error', resolve));

    call.emit('data', Buffer.from('one'));

    assert.deepEqual(await ending, { code: status.PERMISSION_DENIED, details: 'no' });
    await served;
  });

  it('tells a caller nothing about an error nobody foresaw', async () => {
    const { call } = fixture({
      onRequest: () => {
        throw new Error('the inside of the control plane');
      },
    });
    const ending = new Promise((resolve) => call.once('error', resolve));

    call.emit('data', Buffer.from('one'));

    assert.deepEqual(await ending, {
      code: status.INTERNAL,
      details: 'internal error of the control plane',
    });
  });

  it('is over when the client cancels in the middle of a write, and writes nothing more', async () => {
    const { call, connection, served } = fixture({ onChange: () => [Buffer.from('a'), Buffer.from('b')] });
    connection.changed();
    await turns();

    call.emit('cancelled');
    await served;
    connection.changed();
    await call.finishWrite();

    assert.deepEqual(call.written, ['a']);
  });

  it('answers a half-close with a good end', async () => {
    const { call, served } = fixture({});

    call.emit('end');
    await served;

    assert.deepEqual(call.states, ['ended']);
  });
});
