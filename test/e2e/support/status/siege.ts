// Callers of a status port as they should not be, all at once: crowds of scrapers, some of whom read nothing, floods of
// probes, connections that say nothing or too little. A process of its own, so that whoever measures is not kept busy: it
// takes the port and the paths that are probed, says when all have come, and leaves when it is told to: then it sends the
// answers by path and status.

import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** In a scraper's own words: how long it waits, seconds. */
const SCRAPE_TIMEOUT = '1';
const TRICKLE_MS = 100;

class Siege {
  readonly #port: number;
  readonly #over = new AbortController();
  readonly #sockets = new Set<Socket>();
  readonly #callers: Promise<void>[] = [];
  /** By path and status; 0: none came. */
  readonly answers = new Map<string, number>();

  constructor(port: number) {
    this.#port = port;
  }

  /** @param reading false: the answer is left where it is */
  scrapers(count: number, reading: boolean): void {
    this.#repeat(count, '/stats/prometheus', reading);
  }

  probers(count: number, path: string): void {
    this.#repeat(count, path, true);
  }

  /** Connections that say so much and then nothing. */
  mutes(count: number, words: string): void {
    for (let made = 0; made < count; made += 1) this.#open().write(words);
  }

  /** Connections that say a byte now and then, and never finish. */
  trickles(count: number): void {
    for (let made = 0; made < count; made += 1) {
      const socket = this.#open();
      socket.write('GET /healthz/ready HTTP/1.1\r\nHost: pod\r\nX-Slow: ');
      const timer = setInterval(() => socket.write('x'), TRICKLE_MS);
      socket.once('close', () => clearInterval(timer));
    }
  }

  /** Everybody leaves, without a word. */
  async end(): Promise<void> {
    this.#over.abort();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#callers);
  }

  #open(): Socket {
    const socket = connect(this.#port, '127.0.0.1');
    this.#sockets.add(socket);
    socket.on('error', () => undefined); // the agent had enough of it
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  #repeat(count: number, path: string, reading: boolean): void {
    for (let made = 0; made < count; made += 1) this.#callers.push(this.#call(path, reading));
  }

  async #call(path: string, reading: boolean): Promise<void> {
    while (!this.#over.signal.aborted) {
      const status = await this.#ask(path, reading);
      const key = `${path} ${status}`;
      this.answers.set(key, (this.answers.get(key) ?? 0) + 1);
      if (status === 0) await sleep(10); // refused: not a reason to spin
    }
  }

  #ask(path: string, reading: boolean): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    const asked = request({
      port: this.#port,
      host: '127.0.0.1',
      path,
      agent: false,
      headers: { 'X-Prometheus-Scrape-Timeout-Seconds': SCRAPE_TIMEOUT },
      signal: this.#over.signal,
    });
    asked.once('error', () => resolve(0));
    asked.once('close', () => resolve(0));
    asked.once('response', (response) => {
      response.once('error', () => resolve(0));
      response.once('end', () => resolve(response.statusCode ?? 0));
      if (reading) response.resume();
    });
    asked.end();
    return promise;
  }
}

const [port, ...paths] = process.argv.slice(2);
const siege = new Siege(Number(port));
siege.scrapers(150, true);
siege.scrapers(50, false);
for (const path of paths) siege.probers(4, path);
siege.probers(8, '/healthz/ready');
siege.mutes(100, '');
siege.mutes(100, 'GET /healthz/ready HTTP/1.1\r\nHost: p');
siege.trickles(100);
process.send?.('all are there');
await once(process, 'message');
await siege.end();
process.send?.(Object.fromEntries(siege.answers));
process.disconnect();
