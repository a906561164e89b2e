import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Resolver } from 'node:dns/promises';
import { connect, createServer } from 'node:net';

import { DnsServer } from '../../src/dns/server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { askTcp } from './support/dns-client.ts';
import { FakeResolver, SILENT } from './support/fake-resolver.ts';
import { packedBytes, readJson } from './support/packed.ts';
import { RunningServer } from './support/running-server.ts';
import { encodeQuery, FLAG } from './support/wire.ts';

const HUGE = Object.fromEntries(
  Array.from({ length: 3000 }, (_, index) => [`h${index}`, { ips: ['1.1.1.1'] }]),
);
const TABLE = { 'web.example': { ips: ['10.0.0.1'], registry: 'External' } };
const SHOWN = { table: { ...TABLE, 'web.example.': { ips: ['10.0.0.1'], registry: 'Kubernetes' } } };

describe('DnsServer', () => {
  it('listens for UDP, then TCP, at each address, and says so', async () => {
    const listen = ['127.0.0.1', '::1'].map((host) => ({ host, port: 0 }));

    await using running = await RunningServer.start({ listen });

    deepEqual(
      running.server.addresses.map((address) => address.replace(/:\d+$/, '')),
      ['udp 127.0.0.1', 'tcp 127.0.0.1', 'udp [::1]', 'tcp [::1]'],
    );
    deepEqual(running.recorded.messages('info'), [
      'Starting local udp DNS server on 127.0.0.1:0',
      'Starting local tcp DNS server on 127.0.0.1:0',
      'Starting local udp DNS server on [::1]:0',
      'Starting local tcp DNS server on [::1]:0',
    ]);
  });

  it('listens where a name leads', async () => {
    await using running = await RunningServer.start({ listen: [{ host: 'localhost', port: 0 }] });

    ok(running.server.addresses.every((address) => /^(udp|tcp) (127\.0\.0\.1|\[::1\]):/.test(address)));
  });

  it('forwards over the protocol of the query, and back', async () => {
    await using resolver = await FakeResolver.start();
    await using running = await RunningServer.start({ resolvers: [resolver.address] });

    for (const protocol of ['udp', 'tcp'] as const) {
      const reply = await running.ask({ id: 99, name: 'www.bing.com.' }, protocol);

      equal(reply.id, 99);
      deepEqual(
        reply.answers.map(({ data }) => data),
        ['1.1.1.1'],
      );
    }
    deepEqual(
      resolver.queries.map(({ protocol }) => protocol),
      ['udp', 'tcp'],
    );
    deepEqual([running.counts.request, running.counts.forwarded], [2, 2]);
  });

  it('serves the resolver of the system', async () => {
    await using resolver = await FakeResolver.start();
    await using running = await RunningServer.start({ resolvers: [resolver.address] });
    await running.server.setNameTable(packedBytes(TABLE));
    const system = new Resolver();
    system.setServers([`127.0.0.1:${running.at('udp').port}`]);

    deepEqual(await system.resolve4('web.example'), ['10.0.0.1']);
    deepEqual(await system.resolve4('www.bing.com'), ['1.1.1.1']);
    await rejects(system.resolve6('web.example'), { code: 'ENODATA' });
    await rejects(system.resolve4('none.example'), { code: 'ENOTFOUND' });
  });

  it('says why a name is answered as it is, and which resolver has failed lately', async () => {
    await using silent = await FakeResolver.start(SILENT);
    await using running = await RunningServer.start({ resolvers: [silent.address], timeoutMs: 20 });
    const address = `127.0.0.1:${silent.address.port}`;
    const before = await running.server.nameReport('web.example');
    await running.ask({ name: 'other.example.' });
    await running.server.setNameTable(packedBytes(TABLE));

    const [known, other] = await Promise.all(
      ['web.example', 'other.example'].map((name) => running.server.nameReport(name)),
    );

    deepEqual(before.forwardedTo, [{ address, suspect: false }]);
    deepEqual(known?.answers, { A: ['web.example. A 10.0.0.1'], AAAA: [] });
    deepEqual([other?.answers, other?.forwardedTo], [undefined, [{ address, suspect: true }]]);
  });

  it('answers wildcards without an alias when they are to be flat', async () => {
    await using running = await RunningServer.start({ flattenWildcards: true, search: ['mesh'] });
    await running.server.setNameTable(packedBytes({ '*.wild.example': { ips: ['10.0.0.1'] } }));

    const { answers } = await running.ask({ name: 'a.wild.example.mesh.' });

    deepEqual(
      answers.map(({ name, type }) => [name, type]),
      [['a.wild.example.mesh.', 'A']],
    );
  });

  it('tells of each query while debug lines are read', async () => {
    await using running = await RunningServer.start();
    await running.server.setNameTable(packedBytes(TABLE));

    await running.ask({ name: 'web.example.' });

    ok(
      running.recorded
        .messages('debug')
        .some((line) => line.startsWith('udp web.example. A: NOERROR, 1 answers, of the name table, ')),
    );
  });

  it('counts tables, and answers of its own', async () => {
    await using running = await RunningServer.start();

    await running.server.setNameTable(packedBytes(TABLE));
    for (const type of ['A', 'AAAA', 'A'] as const) await running.ask({ name: 'web.example.', type });

    deepEqual(running.counts.tables, [1]);
    deepEqual(running.counts.answered, ['hit', 'nodata', 'hit']);
  });

  it('counts replies that it had to cut, by protocol', async () => {
    const ips = Array.from({ length: 100 }, (_, index) => `10.0.0.${index}`);
    await using running = await RunningServer.start();
    await running.server.setNameTable(packedBytes({ 'crowd.example': { ips } }));

    for (const protocol of ['udp', 'tcp'] as const) await running.ask({ name: 'crowd.example.' }, protocol);

    deepEqual(running.counts.truncated, ['udp']);
  });

  it('says nothing to what is no query, and goes on', async () => {
    await using running = await RunningServer.start();
    await running.server.setNameTable(packedBytes(TABLE));

    const socket = createSocket('udp4');
    const { host, port } = running.at('udp');
    for (const bytes of [Buffer.alloc(3), encodeQuery({ flags: FLAG.QR })]) socket.send(bytes, port, host);
    socket.send(encodeQuery({ id: 5, name: 'web.example.' }), port, host);
    const [reply] = (await once(socket, 'message')) as [Buffer];
    socket.close();

    equal(reply.readUInt16BE(0), 5);
  });

  it('answers from one table until the next one is complete', async () => {
    await using resolver = await FakeResolver.start();
    await using running = await RunningServer.start({ resolvers: [resolver.address] });
    equal(running.server.hasTable, false);
    equal(running.server.debugTable(), undefined);
    await running.server.setNameTable(packedBytes(TABLE));

    const next = running.server.setNameTable(packedBytes(HUGE));
    const during = await readJson(running.server.debugTable());
    await next;
    const after = await running.ask({ name: 'web.example.' });

    deepEqual(during, SHOWN);
    equal(after.rcode, 3);
    equal(running.server.hasTable, true);
  });

  it('lets the newest table count, however long the others take', async () => {
    await using running = await RunningServer.start();

    await Promise.all([
      running.server.setNameTable(packedBytes(HUGE)),
      running.server.setNameTable(packedBytes(TABLE)),
    ]);

    deepEqual(await readJson(running.server.debugTable()), SHOWN);
  });

  it('refuses what is no table, which stands in the way of none before it and none after it', async () => {
    await using running = await RunningServer.start();
    const unreadableHost = Buffer.from([0x0a, 3, 0x0a, 1, 0xff]);

    const before = running.server.setNameTable(packedBytes(TABLE));
    await rejects(running.server.setNameTable(Buffer.from('no table')));
    await rejects(running.server.setNameTable(unreadableHost), { message: 'a text is not valid UTF-8' });
    await before;
    const kept = await readJson(running.server.debugTable());
    await running.server.setNameTable(packedBytes({}));

    deepEqual(kept, SHOWN);
    deepEqual(await readJson(running.server.debugTable()), {});
  });

  for (const protocol of ['udp', 'tcp'] as const) {
    it(`fails when ${protocol} is taken, names the address, and leaves nothing open`, async () => {
      const taken =
        protocol === 'udp'
          ? createSocket('udp4').bind(0, '127.0.0.1')
          : createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as { port: number };

      await rejects(RunningServer.start({ listen: [{ host: '127.0.0.1', port }] }), {
        message: new RegExp(`^unable to listen on ${protocol} 127\\.0\\.0\\.1:${port}: .*EADDRINUSE`),
      });
      taken.close();
      await once(taken, 'close');

      await using running = await RunningServer.start({ listen: [{ host: '127.0.0.1', port }] });
      equal(running.server.addresses.length, 2);
    });
  }

  it('drops what is under way when it closes, and may be closed twice', async () => {
    await using resolver = await FakeResolver.start(SILENT);
    const clock = new FakeClock();
    const running = await RunningServer.start({ resolvers: [resolver.address] }, { clock });
    const { host, port } = running.at('udp');
    const client = createSocket('udp4');
    client.send(encodeQuery({ name: 'a.' }), port, host);
    const overTcp = askTcp(running.at('tcp'), [encodeQuery({ name: 'b.' })]);
    while (resolver.queries.length < 2) await nextTurn();

    await running.server.close();
    await running.server.close();

    deepEqual(await overTcp, []);
    equal(clock.sleepers, 0);
    client.close();
    await rejects(once(connect(running.at('tcp')), 'connect'), { code: 'ECONNREFUSED' });
  });

  it('asks other resolvers, and takes another search domain off, when the resolver file has changed', async () => {
    await using before = await FakeResolver.start();
    await using after = await FakeResolver.start();
    const search = ['old.example'];
    await using running = await RunningServer.start({ resolvers: [before.address], search, cacheSize: 10 });
    await running.server.setNameTable(packedBytes(TABLE));
    await running.ask({ name: 'www.bing.com.' });
    const loading = running.server.setNameTable(packedBytes(TABLE));

    running.server.useResolvers({ resolvers: [after.address], retries: 0, search: ['new.example'] });
    const replies = [];
    for (let round = 0; round < 2; round += 1) {
      for (const name of ['www.bing.com.', 'web.example.old.example.', 'web.example.new.example.'])
        replies.push(await running.ask({ name }));
      await loading;
    }

    deepEqual(
      replies.map(({ rcode, answers }) => [rcode, answers.length]),
      [
        [0, 1],
        [3, 0],
        [0, 2],
        [0, 1],
        [3, 0],
        [0, 2],
      ],
    );
    deepEqual([before.queries.length, after.queries.length], [1, 3]);
    const { forwardedTo = [] } = await running.server.nameReport('www.bing.com');
    deepEqual(forwardedTo, [{ address: `127.0.0.1:${after.address.port}`, suspect: false }]);
  });

  it('keeps forwarded answers when it is told to', async () => {
    const ttl = 30;
    await using resolver = await FakeResolver.start();
    await using running = await RunningServer.start({ resolvers: [resolver.address], cacheSize: 1 });

    const first = await running.ask({ id: 1, name: 'www.bing.com.' }, 'tcp');
    const second = await running.ask({ id: 2, name: 'www.Bing.com.' }, 'udp');

    deepEqual([first.id, second.id, second.questions[0]?.name], [1, 2, 'www.Bing.com.']);
    deepEqual([first.answers[0]?.ttl, second.answers[0]?.data], [ttl, '1.1.1.1']);
    equal(resolver.queries.length, 1);
  });

  it('is disposed of by closing it', async () => {
    const running = await RunningServer.start();

    await running.server[Symbol.asyncDispose]();

    deepEqual(running.server.addresses, []);
    ok(running.server instanceof DnsServer);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
