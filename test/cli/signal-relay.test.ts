import { deepEqual, equal } from 'node:assert/strict';
import { EventEmitter } from 'node:events';

import { relaySignals } from '../../src/cli/signal-relay.ts';
import { recordingContext } from '../support/cli-context.ts';

const ALL = ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const;

/** What arrives of ALL at the other process. */
function relayed(onTerminal: boolean) {
  const source = new EventEmitter();
  const passed: string[] = [];
  const stop = relaySignals(recordingContext().context, source, (name) => passed.push(name), onTerminal);
  for (const name of ALL) source.emit(name);
  return { source, passed, stop };
}

describe('relaySignals', () => {
  it('hands every signal on, as often as it comes', () => {
    deepEqual(relayed(false).passed, ALL);
  });

  it('keeps those back that a terminal has sent to the other process as well', () => {
    const { passed, source } = relayed(true);

    deepEqual(passed, ['SIGTERM', 'SIGTERM', 'SIGUSR1', 'SIGUSR2']);
    equal(source.listenerCount('SIGQUIT'), 1, 'it does not end this process');
  });

  it('lets a second SIGINT not end this process while it relays', () => {
    const { context } = recordingContext();
    const heard = new Set<string>();
    const onSignal = (name: string) => {
      heard.add(name);
      return () => heard.delete(name);
    };

    const stop = relaySignals({ ...context, onSignal }, new EventEmitter(), () => undefined, false);
    deepEqual([...heard], ['SIGINT']);
    stop();

    equal(heard.size, 0);
  });

  it('leaves no listener behind', () => {
    const { source, stop } = relayed(false);

    stop();

    deepEqual(source.eventNames(), []);
  });
});
