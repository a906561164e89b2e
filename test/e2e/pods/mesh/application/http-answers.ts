// What the application answers over HTTP, on every port the same: what it saw of the request. Some paths do more:
//
//   …metrics                            a page for Prometheus
//   …?slowly=<milliseconds>             the answer comes after that time
//   /-/fail?port=…, /-/recover?port=…   the port answers 503 from now on, or no longer; these two always answer

import { setTimeout as delay } from 'node:timers/promises';

import type { Behaviour } from './behaviour.ts';
import { seen, type AnyRequest } from './seen.ts';

/** Of HTTP/1 or HTTP/2. */
export interface AnyResponse {
  writeHead(status: number, headers: Record<string, string | number>): unknown;
  end(body: string): unknown;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export async function answer(
  behaviour: Behaviour,
  request: AnyRequest,
  response: AnyResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://application');
  const port = request.socket.localPort ?? 0;
  if (url.pathname.startsWith('/-/')) return control(behaviour, url, response);
  await delay(Number(url.searchParams.get('slowly') ?? 0));
  if (behaviour.fails(port)) send(response, 503, 'text/plain', 'told to fail\n');
  else if (url.pathname.endsWith('metrics')) send(response, 200, METRICS_TYPE, metrics(behaviour, port));
  else send(response, 200, 'application/json', `${JSON.stringify(seen(request))}\n`);
}

function control(behaviour: Behaviour, url: URL, response: AnyResponse): void {
  const port = Number(url.searchParams.get('port'));
  if (url.pathname === '/-/fail') behaviour.fail(port);
  else if (url.pathname === '/-/recover') behaviour.recover(port);
  else return send(response, 404, 'text/plain', 'no such command\n');
  send(response, 200, 'text/plain', 'ok\n');
}

function metrics(behaviour: Behaviour, port: number): string {
  return [
    '# HELP application_requests_total Requests of a port.',
    '# TYPE application_requests_total counter',
    `application_requests_total{port="${port}"} ${behaviour.requests(port)}`,
    '',
  ].join('\n');
}

function send(response: AnyResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
