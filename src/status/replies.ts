// Whole answers of a few words, with the headers Go's server would send.

import type { ServerResponse } from 'node:http';

import type { Refusal } from './access.ts';

export function sendText(response: ServerResponse, status: number, body: string): void {
  send(response, status, 'text/plain; charset=utf-8', body);
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  send(response, status, 'application/json', `${JSON.stringify(value)}\n`);
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
