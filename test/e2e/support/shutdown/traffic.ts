// What goes on at a pod while it ends: one client of one kind, and what became of it. Times are `performance.now()`.

import { randomUUID } from 'node:crypto';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../../../src/runtime/errors.ts';
import { HELD_BYTES, type HeldBackend } from './held-backend.ts';
import type { Place } from './shutdown-mesh.ts';

export const TRAFFIC_KINDS = ['idle', 'keep-alive', 'long response', 'stream', 'HTTP/2', 'TCP'] as const;
export type TrafficKind = (typeof TRAFFIC_KINDS)[number];

export interface TrafficEnd {
  /** Undefined: everything came whole. */
  readonly failure: string | undefined;
  /** When the last connection was gone, or the failure was noticed. */
  readonly overMs: number;
}

export interface Traffic {
  /** Lets it come to its end by itself. */
  readonly finish: () => void;
  /** Never rejects. */
  readonly over: Promise<TrafficEnd>;
}

const SEND_EVERY_MS = 50;

/** Resolves when it flows. */
export async function startTraffic(kind: TrafficKind, place: Place, backend: HeldBackend): Promise<Traffic> {
  const flowing = Promise.withResolvers<void>();
  const finished = new AbortController();
  const id = randomUUID();
  const url = `http://127.0.0.1:${place.inbound}`;
  const client = { url, id, port: place.tcp, flows: flowing.resolve, finished: finished.signal };
  const over = CLIENTS[kind](client).then(
    () => ended(undefined),
    (error: unknown) => ended(messageOf(error)),
  );
  await Promise.race([flowing.promise, over]);
  const finish = (): void => {
    finished.abort();
    backend.finish(id);
  };
  return { finish, over };
}

function ended(failure: string | undefined): TrafficEnd {
  return { failure, overMs: performance.now() };
}

interface Client {
  readonly url: string;
  /** Of the answer that lasts. */
  readonly id: string;
  readonly port: number;
  /** Called when something has come through. */
  readonly flows: () => void;
  readonly finished: AbortSignal;
}

/** Each rejects when something was cut. */
const CLIENTS: Readonly<Record<TrafficKind, (client: Client) => Promise<void>>> = {
  idle: ({ flows }) => Promise.resolve(flows()),
  'keep-alive': keepAsking,
  'long response': ({ url, id, flows }) => wholeAnswer(`${url}/held/${id}`, new Agent(), flows, HELD_BYTES),
  stream: ({ url, id, flows }) => wholeAnswer(`${url}/stream/${id}`, new Agent(), flows),
  'HTTP/2': wholeStream,
  TCP: talk,
};

/** One request after another on one connection, until Envoy asks to leave, or it is enough. */
async function keepAsking({ url, flows, finished }: Client): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const told = new AbortController();
  const enough = AbortSignal.any([told.signal, finished]);
  while (!enough.aborted) {
    await wholeAnswer(`${url}/`, agent, ({ headers }) => {
      flows();
      if (headers.connection === 'close') told.abort();
    });
    await sleep(SEND_EVERY_MS);
  }
  agent.destroy();
}

/** @param bytes undefined: as many as there come */
function wholeAnswer(
  url: string,
  agent: Agent,
  flows: (answer: IncomingMessage) => void,
  bytes?: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent }, (answer) => {
      flows(answer);
      let received = 0;
      answer.on('error', reject);
      answer.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      answer.on('end', () => {
        const whole = answer.complete && answer.statusCode === 200 && received === (bytes ?? received);
        if (whole) resolve();
        else reject(new Error(`status ${answer.statusCode}, ${received} bytes`));
      });
    });
    request.on('error', reject);
  });
}

async function wholeStream({ url, id, flows }: Client): Promise<void> {
  const session = connectHttp2(url);
  try {
    await new Promise<void>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':path': `/held/${id}` });
      let received = 0;
      stream.on('response', flows);
      stream.on('error', reject);
      stream.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      stream.on('close', () => {
        if (received === HELD_BYTES) resolve();
        else reject(new Error(`stream closed with code ${stream.rstCode}, ${received} bytes`));
      });
      stream.end();
    });
  } finally {
    session.destroy();
  }
}

/** Says something all the time, and wants to hear all of it again. */
async function talk({ port, flows, finished }: Client): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let [said, heard] = [0, 0];
  const timer = setInterval(() => {
    if (socket.writable && socket.write('.')) said += 1;
  }, SEND_EVERY_MS);
  finished.addEventListener('abort', () => {
    clearInterval(timer);
    socket.end();
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('error', reject);
      socket.on('data', (chunk: Buffer) => {
        heard += chunk.length;
        flows();
      });
      socket.on('end', () => {
        if (finished.aborted && heard === said) resolve();
        else reject(new Error(`said ${said}, heard ${heard}, ${finished.aborted ? '' : 'not '}finished`));
      });
    });
  } finally {
    clearInterval(timer);
    socket.destroy();
  }
}
