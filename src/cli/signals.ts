// The signals of this process, caught from the first instruction on: a PID 1 loses what it does not catch. The
// executable loads this file before everything else, so it imports next to nothing. Everything else sees signals
// through CliContext.

import { constants } from 'node:os';

import { StopRequested, type CliContext, type HeardSignal } from './context.ts';

const HEARD: readonly HeardSignal[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGINT'];

/** What is needed of `process`. */
export interface SignalSource {
  on(name: NodeJS.Signals | 'exit', listener: () => void): unknown;
  exit(code: number): void;
}

export type CaughtSignals = Pick<CliContext, 'signal' | 'onSignal' | 'onExit'>;

/** Installs the handlers. The first SIGTERM or SIGINT aborts; what repeated ones do is up to who listens. */
export function catchSignals(source: SignalSource): CaughtSignals {
  const listeners = new Map(HEARD.map((name) => [name, new Set<() => void>()]));
  const missed = new Set<HeardSignal>();
  const heard = (name: HeardSignal): boolean => {
    const set = listeners.get(name) ?? new Set();
    for (const listener of set) listener();
    return set.size > 0;
  };
  const stop = new AbortController();
  const hear = (name: HeardSignal): void => {
    if (!heard(name)) missed.add(name);
  };
  source.on('SIGTERM', () => {
    if (stop.signal.aborted) hear('SIGTERM');
    else stop.abort(new StopRequested('SIGTERM'));
  });
  source.on('SIGINT', () => {
    if (!stop.signal.aborted) stop.abort(new StopRequested('SIGINT'));
    else if (!heard('SIGINT')) source.exit(signalExitCode('SIGINT'));
  });
  for (const name of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) source.on(name, () => hear(name));
  const onSignal = (name: HeardSignal, listener: () => void): (() => void) => {
    listeners.get(name)?.add(listener);
    if (missed.delete(name)) listener();
    return () => listeners.get(name)?.delete(listener);
  };
  const onExit = (listener: () => void): void => void source.on('exit', listener);
  return { signal: stop.signal, onSignal, onExit };
}

/** What a shell reports for a process a signal ended. */
export function signalExitCode(name: NodeJS.Signals): number {
  return 128 + constants.signals[name];
}
