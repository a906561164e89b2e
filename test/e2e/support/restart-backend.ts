// The backend behind an Envoy that is restarted: its answers can last.

import type { RequestListener, ServerResponse } from 'node:http';

import { Backend } from './backend.ts';

const LINE_EVERY_MS = 100;

/** `/` answers at once; `/stream` with a line every 100 ms, for as long as the client stays. */
export class RestartBackend extends Backend {
  static start(): Promise<RestartBackend> {
    return new RestartBackend(answer).listen();
  }
}

const answer: RequestListener = ({ url }, response) => {
  if (url === '/stream') stream(response);
  else response.end('hi\n');
};

function stream(response: ServerResponse): void {
  const timer = setInterval(() => response.write('line\n'), LINE_EVERY_MS);
  response.once('close', () => clearInterval(timer));
}
