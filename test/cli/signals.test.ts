import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';

import { StopRequested } from '../../src/cli/context.ts';
import { catchSignals } from '../../src/cli/signals.ts';
import { messageOf } from '../../src/runtime/errors.ts';

function fakeProcess() {
  const emitter = new EventEmitter();
  const exits: number[] = [];
  const source = {
    on: (name: string, listener: () => void) => emitter.on(name, listener),
    exit: (code: number) => void exits.push(code),
  };
  return { source, exits, send: (name: NodeJS.Signals | 'exit') => emitter.emit(name) };
}

describe('catchSignals', () => {
  it('tells of the end of the process', () => {
    const { source, send } = fakeProcess();
    const { onExit } = catchSignals(source);
    let told = 0;
    onExit(() => told++);

    send('exit');

    assert.equal(told, 1);
  });

  it('aborts at the first SIGTERM, and ends nothing at further ones', () => {
    const { source, exits, send } = fakeProcess();
    const { signal } = catchSignals(source);

    send('SIGTERM');
    send('SIGTERM');

    assert.ok(signal.reason instanceof StopRequested);
    assert.equal(signal.reason.signalName, 'SIGTERM');
    assert.deepEqual(exits, []);
  });

  it('ends the process at a second Ctrl-C that nobody listens to', () => {
    const { source, exits, send } = fakeProcess();
    const { signal } = catchSignals(source);

    send('SIGINT');
    assert.equal(signal.aborted, true);
    assert.deepEqual(exits, []);
    send('SIGINT');

    assert.deepEqual(exits, [130]);
  });

  it('tells a listener about the second Ctrl-C instead', () => {
    const { source, exits, send } = fakeProcess();
    const { onSignal } = catchSignals(source);
    let heard = 0;
    onSignal('SIGINT', () => heard++);

    send('SIGINT');
    send('SIGINT');

    assert.deepEqual([heard, exits], [1, []]);
  });

  it('tells a listener about a second SIGTERM', () => {
    const { source, send } = fakeProcess();
    const { onSignal } = catchSignals(source);
    let heard = 0;

    send('SIGTERM');
    onSignal('SIGTERM', () => heard++);
    const afterOne = heard;
    send('SIGTERM');

    assert.deepEqual([afterOne, heard], [0, 1]);
  });

  it('keeps a second SIGTERM that came before anybody listened', () => {
    const { source, send } = fakeProcess();
    const { onSignal } = catchSignals(source);
    let heard = 0;

    send('SIGTERM');
    send('SIGTERM');
    onSignal('SIGTERM', () => heard++);

    assert.equal(heard, 1);
  });

  it('says why in the words of the reference', () => {
    const reasons = (['SIGTERM', 'SIGINT'] as const).map((name) => {
      const { source, send } = fakeProcess();
      const { signal } = catchSignals(source);
      send(name);
      return messageOf(signal.reason);
    });

    assert.deepEqual(reasons, ['received signal: terminated', 'received signal: interrupt']);
  });

  it('keeps a SIGHUP that came before anybody listened', () => {
    const { source, send } = fakeProcess();
    const { signal, onSignal } = catchSignals(source);
    let heard = 0;

    send('SIGHUP');
    send('SIGHUP');
    const forget = onSignal('SIGHUP', () => heard++);
    assert.equal(heard, 1);
    send('SIGHUP');
    forget();
    send('SIGHUP');

    assert.equal(heard, 2);
    assert.equal(signal.aborted, false);
  });
});
