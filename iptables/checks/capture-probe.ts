// Proves that traffic is captured: connects to an address where nobody listens, and sees whether the connection
// comes out at one of the proxy's ports. It needs no privilege, but works only as the proxy's user, whose calls to
// an own address are the ones that the rules bring back in.
// Upstream counterpart: tools/istio-iptables/pkg/validation, which asks the kernel for the original destination.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import type { Clock } from '../../src/runtime/clock.ts';
import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import type { Family } from '../rules/rule.ts';

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
  await using listeners = await openListeners(target, nonces, log);
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
    socket.on('error', (error) => log.info(`probe of ${shown(to, target.probePort)}: ${error.message}`));
    socket.write(nonces.add(socket));
    socket.resume();
    try {
      await clock.sleep(PAUSE_MS, signal);
    } finally {
      socket.destroy();
    }
  }
}

interface Listeners extends AsyncDisposable {
  /** The port at which an own probe arrived. */
  readonly arrival: Promise<number>;
}

async function openListeners(target: ProbeTarget, nonces: PendingNonces, log: Log): Promise<Listeners> {
  const { from } = ENDS[target.family];
  const { promise: arrival, resolve } = Promise.withResolvers<number>();
  await using open = new AsyncDisposableStack();
  const problems: string[] = [];
  for (const port of new Set(target.capturePorts)) {
    try {
      open.use(await listen(from, port, (socket) => recognise(socket, nonces, () => resolve(port))));
    } catch (error) {
      problems.push(shown(from, port));
      log.error(`cannot listen on ${shown(from, port)}: ${messageOf(error)}`);
    }
  }
  if (problems.length === new Set(target.capturePorts).size) {
    throw new CaptureError(`no listener available: ${problems.join(',')}`);
  }
  const moved = open.move();
  return { arrival, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

/** Another program may hold the port too, as Envoy does: then the kernel gives each some of the connections. */
async function listen(
  host: string,
  port: number,
  accept: (socket: Socket) => void,
): Promise<AsyncDisposable> {
  const server = createServer(accept);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen({ host, port, reusePort: true });
  await once(server, 'listening');
  return { [Symbol.asyncDispose]: () => close(server, sockets) };
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  sockets.forEach((socket) => socket.destroy());
  await closed;
}

/** Reads what a caller says first. A stranger's connection is dropped as soon as it says anything else. */
function recognise(socket: Socket, nonces: PendingNonces, found: () => void): void {
  let heard = '';
  socket.on('error', () => undefined); // a caller that went away is no probe
  socket.setEncoding('latin1').on('data', (text: string) => {
    heard += text;
    if (nonces.matches(heard, socket.remotePort)) found();
    if (heard.length >= NONCE_LENGTH) socket.destroy();
  });
}

function shown(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
