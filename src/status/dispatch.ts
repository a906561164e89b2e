// How a request of the status port finds its route, and who is turned away before it.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Log } from '../runtime/log.ts';
import { refusal } from './access.ts';
import { sendRefusal, sendText } from './replies.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Route {
  readonly loopbackOnly: boolean;
  /** Undefined: any. */
  readonly method?: string;
  readonly handle: Handler;
}

export interface Routes {
  /** By the whole path. */
  readonly exact: ReadonlyMap<string, Route>;
  /** For every path that begins so and has no route of its own. */
  readonly prefixes: readonly (readonly [prefix: string, route: Route])[];
}

/** The query of the request, empty where there is none. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(request.url?.split('?', 2)[1]);
}

/** Finds the route, asks who is calling, and answers; a handler that throws gives 500. */
export async function dispatch(
  routes: Routes,
  log: Log,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?', 1)[0] ?? '';
  const route = routes.exact.get(path) ?? routes.prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];
  if (route === undefined) return sendText(response, 404, '404 page not found\n');
  const refused = refusal(route, { peer: request.socket.remoteAddress, method: request.method });
  if (refused !== undefined) return sendRefusal(response, refused);
  try {
    await route.handle(request, response);
  } catch (error) {
    log.error(`${path} failed: ${error instanceof Error ? error.stack : String(error)}`);
    if (response.headersSent) response.destroy();
    else sendText(response, 500, 'Internal Server Error\n');
  }
}
