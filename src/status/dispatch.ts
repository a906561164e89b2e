// How a request of the status port finds its route, and who is turned away before it.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Log } from '../runtime/log.ts';
import { refusal } from './access.ts';
import { sendRedirect, sendRefusal, sendText } from './replies.ts';
import { locationOf, targetOf } from './request-target.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface Route {
  readonly loopbackOnly: boolean;
  /** Undefined: any. */
  readonly methods?: readonly string[];
  readonly handle: Handler;
}

export interface Routes {
  /** By the whole path. */
  readonly exact: ReadonlyMap<string, Route>;
  /** For every path that begins so and has no route of its own. */
  readonly prefixes: readonly (readonly [prefix: string, route: Route])[];
}

/** Nothing here reads a body; the rest of a longer one is not waited for, bytes. */
const MAX_UNREAD_BODY = 256 * 1024;

/** Finds the route, asks who is calling, and answers; a handler that throws gives 500. */
export async function dispatch(
  routes: Routes,
  log: Log,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (hasLongBody(request)) response.setHeader('Connection', 'close');
  const target = targetOf(request);
  if (target === undefined) return sendText(response, 400, '400 Bad Request\n');
  const { path, query, straight } = target;
  if (straight !== undefined) return sendRedirect(response, straight);
  const route = routes.exact.get(path) ?? routes.prefixes.find(([prefix]) => path.startsWith(prefix))?.[1];
  if (route === undefined) {
    if (routes.prefixes.some(([prefix]) => prefix === `${path}/`))
      return sendRedirect(response, locationOf(`${path}/`, query));
    return sendText(response, 404, '404 page not found\n');
  }
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

function hasLongBody({ headers }: IncomingMessage): boolean {
  return (
    headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > MAX_UNREAD_BODY
  );
}
