import { deepEqual, equal, rejects } from 'node:assert/strict';

import { traced, type TraceDeps } from '../../src/dns/trace.ts';
import { recordLog } from '../../src/runtime/log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { encodeAnswer, encodeQuery, FLAG } from './support/wire.ts';

const QUERY = encodeQuery({ name: 'a.Example.' });

type Answer = Parameters<typeof traced>[0];

class Tracing {
  readonly clock = new FakeClock();
  readonly recorded = recordingLog();

  traced(reply: Answer, deps: Partial<TraceDeps> = {}): ReturnType<typeof traced> {
    return traced(reply, { log: this.recorded.log, clock: this.clock, ...deps });
  }
}

describe('traced', () => {
  it('tells what was asked, what was said at once, and where it comes from', () => {
    const tracing = new Tracing();
    const answer = encodeAnswer(QUERY, { addresses: ['10.0.0.1'] });

    const reply = tracing.traced((_bytes, _protocol, hear) => {
      hear?.('of the name table');
      return answer;
    })(QUERY, 'udp');

    equal(reply, answer);
    deepEqual(tracing.recorded.messages('debug'), [
      'udp a.example. A: NOERROR, 1 answers, of the name table, 0.0 ms',
    ]);
  });

  it('tells what others said, and how long it took', async () => {
    const tracing = new Tracing();
    const query = encodeQuery({ name: 'b.example.', type: 'HTTPS' });
    const { promise, resolve } = Promise.withResolvers<Buffer>();

    const reply = tracing.traced(async (_bytes, _protocol, hear) => {
      const answer = await promise;
      hear?.('of a resolver');
      return answer;
    })(query, 'tcp');
    await tracing.clock.tick(1500);
    resolve(encodeAnswer(query, { rcode: 3 }));
    await reply;

    deepEqual(tracing.recorded.messages('debug'), [
      'tcp b.example. TYPE65: NXDOMAIN, 0 answers, of a resolver, 1500.0 ms',
    ]);
  });

  it('tells of what is no query, and of names with odd bytes', () => {
    const tracing = new Tracing();
    const reply = tracing.traced((bytes) =>
      bytes.length > 20 ? encodeAnswer(bytes, { rcode: 2 }) : undefined,
    );

    void reply(Buffer.alloc(3), 'udp');
    void reply(encodeQuery({ name: 'a b.example.' }), 'udp');
    void reply(encodeQuery({ name: 'a.example.', flags: FLAG.QR }), 'udp');

    deepEqual(tracing.recorded.messages('debug'), [
      'udp 3 bytes without a question: no reply, 0.0 ms',
      'udp a name that is no host name A: SERVFAIL, 0 answers, 0.0 ms',
      'udp a.example. A: SERVFAIL, 0 answers, 0.0 ms',
    ]);
  });

  it('passes a failure on', async () => {
    const reason = new Error('the server closes');
    const reply = new Tracing().traced(() => Promise.reject(reason))(QUERY, 'udp');

    await rejects(Promise.resolve(reply), reason);
  });

  it('asks for nothing while nobody reads debug lines', () => {
    const tracing = new Tracing();
    const quiet = recordLog(
      () => undefined,
      'dns',
      undefined,
      (level) => level !== 'debug',
    );
    const answer = encodeAnswer(QUERY, {});

    const reply = tracing.traced((_bytes, _protocol, hear) => (hear === undefined ? answer : undefined), {
      log: quiet,
    })(QUERY, 'udp');

    equal(reply, answer);
  });
});
