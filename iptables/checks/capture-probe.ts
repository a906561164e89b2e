// Proves that traffic is captured: connects to an address where nobody listens, and sees whether the connection
// comes out at one of the proxy's ports. It needs no privilege, but works only as the proxy's user, whose calls to
// an own address are the ones that the rules bring back in.
// Upstream counterpart: tools/istio-iptables/pkg/validation, which asks the kernel for the original destination.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

import type { Clock } from '../../src/runtime/clock.ts';
import { hostPort } from '../../src/runtime/host-port.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import type { Family } from '../rules/rule.ts';
import { openListeners } from './probe-listeners.ts';

export interface ProbeTarget {
  readonly family: Family;
  /** Where the probe is sent; nobody listens there. */
  readonly probePort: number;
  /** Ports to one of which the rules must bring it. */
  readonly capturePorts: readonly number[];
  /** 0 or less fails at once. */
  readonly timeoutMs: number;
}

export interface ProbeDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** From where the probe comes, and the address it is sent to: the source of the proxy's inbound connections. */
const ENDS: Readonly<Record<Family, { readonly from: string; readonly to: string }>> = {
  v4: { from: '127.0.0.1', to: '127.0.0.6' },
  v6: { from: '::1', to: '::6' },
};

const PAUSE_MS = 1000;

/**
 * Probes until one arrives.
 *
 * @returns the port at which it arrived
 * @throws CaptureError `validation timeout`, or when none of the ports can be listened on
 */
export async function probeCapture(
  target: ProbeTarget,
  { clock, log }: ProbeDeps,
  signal: AbortSignal,
): Promise<number> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const nonces = new PendingNonces();
  await using listeners = await openListeners({
    host: ENDS[target.family].from,
    ports: new Set(target.capturePorts),
    log,
    isOwn: (said, remotePort) => nonces.matches(said, remotePort),
    maxCharacters: NONCE_LENGTH,
  });
  try {
    return await Promise.race([
      listeners.arrival,
      timeOut(target.timeoutMs, clock, either),
      keepProbing(target, nonces, { clock, log }, either),
    ]);
  } finally {
    done.abort(new CaptureError('the probe has ended'));
  }
}

async function timeOut(ms: number, clock: Clock, signal: AbortSignal): Promise<never> {
  if (ms > 0) await clock.sleep(ms, signal);
  throw new CaptureError('validation timeout');
}

/** Which own connections are under way: what each says, and from which port. */
class PendingNonces {
  readonly #sockets = new Map<string, Socket>();

  add(socket: Socket): string {
    const nonce = randomBytes(NONCE_BYTES).toString('hex');
    this.#sockets.set(nonce, socket);
    socket.once('close', () => this.#sockets.delete(nonce));
    return nonce;
  }

  /** True for a connection that is the other end of an own one; false for a stranger's. */
  matches(nonce: string, remotePort: number | undefined): boolean {
    return remotePort !== undefined && this.#sockets.get(nonce)?.localPort === remotePort;
  }
}

const NONCE_BYTES = 16;
const NONCE_LENGTH = 2 * NONCE_BYTES;

async function keepProbing(
  target: ProbeTarget,
  nonces: PendingNonces,
  { clock, log }: ProbeDeps,
  signal: AbortSignal,
): Promise<never> {
  const { from, to } = ENDS[target.family];
  for (;;) {
    const socket = connect({ host: to, port: target.probePort, localAddress: from });
    socket.on('error', (error) =>
      log.info(`probe of ${hostPort({ host: to, port: target.probePort })}: ${error.message}`),
    );
    socket.write(nonces.add(socket));
    socket.resume();
    try {
      await clock.sleep(PAUSE_MS, signal);
    } finally {
      socket.destroy();
    }
  }
}
