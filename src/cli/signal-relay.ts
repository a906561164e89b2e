// Hands the signals of this process on to the one it waits for.

import { isatty } from 'node:tty';

import type { CliContext } from './context.ts';

/** What is needed of `process`. */
export interface SignalEvents {
  on(name: NodeJS.Signals, listener: () => void): unknown;
  off(name: NodeJS.Signals, listener: () => void): unknown;
}

/** A terminal sends these to everything in its foreground, so there the child has them already. */
const OF_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGWINCH'];
/** All that ask a program for something; SIGQUIT and SIGWINCH are how some images are told to stop. */
const RELAYED: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', ...OF_TERMINAL];

/**
 * Until it is stopped none of them ends this process.
 *
 * @param onTerminal default: standard input is one
 * @returns stops
 */
export function relaySignals(
  context: Pick<CliContext, 'onSignal'>,
  source: SignalEvents,
  pass: (name: NodeJS.Signals) => void,
  onTerminal: boolean = isatty(0),
): () => void {
  const relays = RELAYED.map((name) => {
    const isThere = onTerminal && OF_TERMINAL.includes(name);
    return { name, relay: () => (isThere ? undefined : pass(name)) };
  });
  for (const { name, relay } of relays) source.on(name, relay);
  const stopHearing = context.onSignal('SIGINT', () => undefined); // unheard, a second one ends this process
  return () => {
    for (const { name, relay } of relays) source.off(name, relay);
    stopHearing();
  };
}
