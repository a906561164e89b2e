// The application of a pod: listens on the ports its image names, on every address, and speaks every protocol on each.

import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { anyProtocolServer } from './any-protocol.ts';
import { Behaviour } from './behaviour.ts';
import { answerCall, isGrpc } from './grpc-answers.ts';
import { answer } from './http-answers.ts';
import type { AnyRequest } from './seen.ts';

/** There while the application serves; what an exec probe looks at. */
const HEALTHY_FILE = '/tmp/healthy';

/** How long requests may take to end when the application is told to, milliseconds. */
const GRACE_MS = 2000;
const POLL_MS = 20;

/** Serves until the signal is aborted and the requests of that moment are answered. */
export async function serve(ports: readonly number[], signal: AbortSignal): Promise<void> {
  const behaviour = new Behaviour();
  const servers = await Promise.all(ports.map((port) => listening(protocols(behaviour), port)));
  await writeFile(HEALTHY_FILE, '');
  console.log(`listens on ${ports.join(', ')}`);
  if (!signal.aborted) await once(signal, 'abort');
  await rm(HEALTHY_FILE, { force: true });
  for (const server of servers) server.close();
  const deadline = performance.now() + GRACE_MS;
  while (behaviour.unanswered > 0 && performance.now() < deadline) await delay(POLL_MS);
}

function protocols(behaviour: Behaviour): Server {
  const counted = (request: AnyRequest, work: () => Promise<void> | void): void =>
    void behaviour.request(request.socket.localPort ?? 0, work);
  const http1 = createHttp1Server((request, response) =>
    counted(request, () => answer(behaviour, request, response)),
  );
  const http2 = createHttp2Server((request, response) =>
    counted(request, () =>
      isGrpc(request) ? answerCall(behaviour, request, response) : answer(behaviour, request, response),
    ),
  );
  return anyProtocolServer({ http1, http2 });
}

async function listening(server: Server, port: number): Promise<Server> {
  server.listen(port);
  await once(server, 'listening');
  return server;
}
