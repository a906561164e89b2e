// A connection through Envoy on which data flows all the time, and what became of it. Times are wall times.

import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';

const SAY_EVERY_MS = 100;

export class LastingConnection {
  readonly what: string;
  /** Resolves when Envoy has ended it; never rejects. */
  readonly closed: Promise<void>;
  lastDataMs = 0;
  closedMs = 0;

  private constructor(what: string, source: Socket | IncomingMessage) {
    this.what = what;
    source.on('error', () => undefined); // its end follows
    source.on('data', () => {
      this.lastDataMs = Date.now();
    });
    this.closed = new Promise((done) => {
      source.once('close', () => {
        this.closedMs = Date.now();
        done();
      });
    });
  }

  /** A TCP connection to a port that returns what it gets; something is said every 100 ms. */
  static async echo(port: number): Promise<LastingConnection> {
    const socket = connect(port, '127.0.0.1');
    const connection = new LastingConnection('TCP', socket);
    await once(socket, 'connect');
    const timer = setInterval(() => socket.write('hello\n'), SAY_EVERY_MS);
    void connection.closed.then(() => clearInterval(timer));
    await once(socket, 'data');
    return connection;
  }

  /** An HTTP answer without end. */
  static async stream(url: string): Promise<LastingConnection> {
    const [answer] = (await once(get(url, { agent: false }), 'response')) as [IncomingMessage];
    return new LastingConnection('HTTP', answer);
  }
}
