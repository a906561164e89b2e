import { deepEqual, equal, rejects } from 'node:assert/strict';

import { LookupTable } from '../../src/dns/names/lookup-table.ts';
import { traced, type TraceDeps } from '../../src/dns/trace.ts';
import { recordLog } from '../../src/runtime/log.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { packed } from './support/packed.ts';
import { encodeAnswer, encodeQuery, FLAG } from './support/wire.ts';

const QUERY = encodeQuery({ name: 'a.Example.' });

class Tracing {
  readonly clock = new FakeClock();
  readonly recorded = recordingLog();
  table: LookupTable | undefined;

  traced(reply: Parameters<typeof traced>[0], deps: Partial<TraceDeps> = {}): Parameters<typeof traced>[0] {
    return traced(reply, { log: this.recorded.log, clock: this.clock, table: () => this.table, ...deps });
  }

  async load(): Promise<void> {
    const context = { namespace: 'ns1', domain: 'ns1.svc', search: [] };
    this.table = await LookupTable.build(packed({ 'a.example': { ips: ['10.0.0.1'] } }), context);
  }
}

describe('traced', () => {
  it('tells what was asked and answered from the table, at once', async () => {
    const tracing = new Tracing();
    await tracing.load();
    const answer = encodeAnswer(QUERY, { addresses: ['10.0.0.1'] });

    const reply = tracing.traced(() => answer)(QUERY, 'udp');

    equal(reply, answer);
    deepEqual(tracing.recorded.messages('debug'), [
      'udp a.example. A: NOERROR, 1 answers, of the name table, 0.0 ms',
    ]);
  });

  it('tells what others said, and how long it took', async () => {
    const tracing = new Tracing();
    await tracing.load();
    const query = encodeQuery({ name: 'b.example.', type: 'HTTPS' });
    const { promise, resolve } = Promise.withResolvers<Buffer>();

    const reply = tracing.traced(() => promise)(query, 'tcp');
    await tracing.clock.tick(1500);
    resolve(encodeAnswer(query, { rcode: 3 }));
    await reply;

    deepEqual(tracing.recorded.messages('debug'), [
      'tcp b.example. TYPE65: NXDOMAIN, 0 answers, not of the name table, 1500.0 ms',
    ]);
  });

  it('tells a name of the table that is asked for something else as one of others', async () => {
    const tracing = new Tracing();
    await tracing.load();
    const query = encodeQuery({ name: 'a.example.', type: 'MX' });

    await tracing.traced(() => encodeAnswer(query, {}))(query, 'udp');

    deepEqual(tracing.recorded.messages('debug'), [
      'udp a.example. TYPE15: NOERROR, 0 answers, not of the name table, 0.0 ms',
    ]);
  });

  it('tells that there is no table yet, of what is no query, and of names with odd bytes', async () => {
    const tracing = new Tracing();
    const reply = tracing.traced((bytes) =>
      bytes.length > 20 ? encodeAnswer(bytes, { rcode: 2 }) : undefined,
    );

    await reply(QUERY, 'udp');
    await tracing.load();
    await reply(Buffer.alloc(3), 'udp');
    await reply(encodeQuery({ name: 'a b.example.' }), 'udp');
    await reply(encodeQuery({ name: 'a.example.', flags: FLAG.QR }), 'udp');

    deepEqual(tracing.recorded.messages('debug'), [
      'udp a.example. A: SERVFAIL, 0 answers, no name table yet, 0.0 ms',
      'udp 3 bytes without a question: no reply, 0.0 ms',
      'udp a name that is no host name A: SERVFAIL, 0 answers, not of the name table, 0.0 ms',
      'udp a.example. A: SERVFAIL, 0 answers, 0.0 ms',
    ]);
  });

  it('passes a failure on', async () => {
    const reason = new Error('the server closes');
    const reply = new Tracing().traced(() => Promise.reject(reason))(QUERY, 'udp');

    await rejects(Promise.resolve(reply), reason);
  });

  it('looks at nothing while nobody reads debug lines', () => {
    const tracing = new Tracing();
    const quiet = recordLog(
      () => undefined,
      'dns',
      undefined,
      (level) => level !== 'debug',
    );
    const table = (): never => {
      throw new Error('looked at');
    };
    const answer = encodeAnswer(QUERY, {});

    equal(tracing.traced(() => answer, { log: quiet, table })(QUERY, 'udp'), answer);
  });
});
