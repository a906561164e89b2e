// Whole answers of a few words, with the headers Go's server would send.

import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

import { errnoOf } from '../runtime/errors.ts';
import { maskShapes } from '../runtime/redaction.ts';
import type { Refusal } from './access.ts';

export function sendText(response: ServerResponse, status: number, body: string): void {
  send(response, status, 'text/plain; charset=utf-8', body);
}

/** What looks like a secret is masked: errors, which such pages quote, are not always ours. */
export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', `${maskShapes(JSON.stringify(value))}\n`);
}

/** JSON that somebody else has written. */
export function sendJsonText(response: ServerResponse, status: number, text: string): void {
  send(response, status, 'application/json', text);
}

/** JSON that is kept under a name. */
export function sendFile(response: ServerResponse, name: string, text: string): void {
  response.setHeader('Content-Disposition', `attachment; filename="${name}"`);
  send(response, 200, 'application/json', text);
}

/** JSON that is too large to be made at once. A caller that leaves before the end is no error. */
export async function sendJsonPieces(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' });
  try {
    await pipeline(pieces, response);
  } catch (error) {
    if (errnoOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

/** Every method is kept: a POST stays one. As Go's server has redirected since 1.26, with which 1.31 is built. */
export function sendRedirect(response: ServerResponse, location: string): void {
  response.setHeader('Location', location);
  sendText(response, 307, '');
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  sendText(response, refusal.status, refusal.body);
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(body);
}
