// The application of a pod: listens on the ports its image names, on every address, and speaks every protocol on each.

import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer as createHttp1Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import { anyProtocolServer } from './any-protocol.ts';
import { Behaviour } from './behaviour.ts';
import { answerCall, isGrpc } from './grpc-answers.ts';
import { answer } from './http-answers.ts';
import type { AnyRequest } from './seen.ts';

/** How long requests may take to end when the application is told to, milliseconds. */
const GRACE_MS = 2000;
const POLL_MS = 20;

export class ApplicationServer {
  readonly #servers: readonly Server[];
  readonly #behaviour: Behaviour;
  readonly #healthyFile: string;

  private constructor(servers: readonly Server[], behaviour: Behaviour, healthyFile: string) {
    this.#servers = servers;
    this.#behaviour = behaviour;
    this.#healthyFile = healthyFile;
  }

  /**
   * Resolves when every port is open.
   *
   * @param ports 0: a free one
   * @param healthyFile is there while the application serves; what an exec probe looks at
   */
  static async open(ports: readonly number[], healthyFile: string): Promise<ApplicationServer> {
    const behaviour = new Behaviour();
    const servers = await Promise.all(ports.map((port) => listening(protocols(behaviour), port)));
    await writeFile(healthyFile, '');
    return new ApplicationServer(servers, behaviour, healthyFile);
  }

  get ports(): readonly number[] {
    return this.#servers.map((server) => (server.address() as AddressInfo).port);
  }

  /** Takes no more connections, and answers the requests of this moment. */
  async close(): Promise<void> {
    await rm(this.#healthyFile, { force: true });
    for (const server of this.#servers) server.close();
    const deadline = performance.now() + GRACE_MS;
    while (this.#behaviour.unanswered > 0 && performance.now() < deadline) await delay(POLL_MS);
  }
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
