import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { dnsPlan, followResolvers, startDns } from '../../src/agent/dns.ts';
import type { DnsPlan } from '../../src/dns/plan.ts';
import { DnsServer, type ResolverChoice } from '../../src/dns/server.ts';
import type { SocketAddress } from '../../src/dns/socket-address.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { SdsServer } from '../../src/sds/server.ts';
import { XdsProxy } from '../../src/xds-proxy/proxy.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { ask } from '../dns/support/dns-client.ts';
import { packedBytes } from '../dns/support/packed.ts';
import { silentDnsMeter } from '../dns/support/dns-meter.ts';
import { FakeResolver, SILENT } from '../dns/support/fake-resolver.ts';
import { turnsUntil } from '../support/turns.ts';
import { decode, encodeQuery } from '../dns/support/wire.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

const CAPTURE = { ISTIO_META_DNS_CAPTURE: 'true' };
const LIVE = /is live after/;

describe('dnsPlan', () => {
  it('is none for a proxy without a DNS server', async () => {
    const { log } = recordingLog();

    equal(await dnsPlan(await agentConfig(), log), undefined);
    equal(await dnsPlan(await agentConfig({ nodeType: 'router', env: CAPTURE }), log), undefined);
  });

  it('is one for a gateway that asks for the server', async () => {
    const env = { ISTIO_META_ENABLE_DNS_SERVER: 'true' };
    const plan = await dnsPlan(await agentConfig({ nodeType: 'router', env }), recordingLog().log);

    ok(plan?.listen.every(({ port }) => port === 15053));
  });

  it('says at which stage of the start a bad address was met', async () => {
    const config = await agentConfig({ env: { ...CAPTURE, DNS_PROXY_ADDR: 'localhost' } });

    await rejects(dnsPlan(config, recordingLog().log), (error) => {
      match(
        String(error),
        /failed to start local DNS server: dns address must be a valid host:port: address localhost: missing port/,
      );
      return error instanceof ConfigError;
    });
  });
});

function planFor(
  listen: readonly SocketAddress[],
  resolvers: readonly SocketAddress[],
  path = '/nowhere',
): DnsPlan {
  const resolverFile = { path, text: '', listen };
  return { listen, resolvers, search: [], retries: 0, respondBeforeSync: false, resolverFile };
}

describe('startDns', () => {
  const metrics = silentDnsMeter();

  const beforeTable = [
    { what: 'fails', plan: {}, env: {}, rcode: 2 },
    { what: 'forwards for a pod whose resolver it is', plan: { respondBeforeSync: true }, env: {}, rcode: 0 },
    { what: 'forwards where that is wanted', plan: {}, env: { DNS_RESPOND_BEFORE_SYNC: 'true' }, rcode: 0 },
  ];
  for (const { what, plan, env, rcode } of beforeTable) {
    it(`${what} before there is a table, and forwards unknown names then`, async () => {
      await using resolver = await FakeResolver.start();
      const recorded = recordingLog();
      const [port = 0] = await freePorts(1);
      const address = { host: '127.0.0.1', port };
      const whole = planFor([address], [resolver.address]);
      const deps = { clock: systemClock(), random: Math.random, log: recorded.log };
      const config = await agentConfig({ env: { ...CAPTURE, ...env } });
      const query = encodeQuery({ name: 'www.bing.com.' });

      await using server = await startDns({ ...whole, ...plan }, config, deps, metrics);
      const before = decode(await ask('udp', address, query));
      await server.setNameTable(packedBytes({}));
      const after = decode(await ask('udp', address, query));

      deepEqual([before.rcode, after.rcode], [rcode, 0]);
      deepEqual(new Set(recorded.records.map(({ scope }) => scope)), new Set(['dns']));
    });
  }

  for (const [value, types] of [
    ['parity', ['CNAME', 'A']],
    ['flatten', ['A']],
  ] as const) {
    it(`answers a wildcard asked with the search domain with ${types.join(' and ')}: ${value}`, async () => {
      const [port = 0] = await freePorts(1);
      const address = { host: '127.0.0.1', port };
      const plan = { ...planFor([address], []), search: ['cluster.local'] };
      const config = await agentConfig({ env: { ...CAPTURE, DNS_WILDCARD_CNAME: value } });
      const deps = { clock: systemClock(), random: Math.random, log: recordingLog().log };

      await using server = await startDns(plan, config, deps, metrics);
      await server.setNameTable(packedBytes({ '*.example': { ips: ['10.0.0.1'] } }));
      const reply = await ask('udp', address, encodeQuery({ name: 'a.example.cluster.local.' }));

      deepEqual(
        decode(reply).answers.map(({ type }) => type),
        types,
      );
    });
  }

  it('keeps as many forwarded answers as the variable says, and does not wait for a silent resolver alone', async () => {
    await using silent = await FakeResolver.start(SILENT);
    await using quick = await FakeResolver.start();
    const [port = 0] = await freePorts(1);
    const address = { host: '127.0.0.1', port };
    const deps = { clock: systemClock(), random: () => 0, log: recordingLog().log }; // leaves the order as it is
    const env = { ...CAPTURE, DNS_FORWARD_CACHE_SIZE: '1', DNS_FORWARD_TIMEOUT: '1h' };
    const plan = planFor([address], [silent.address, quick.address]);

    await using server = await startDns(plan, await agentConfig({ env }), deps, metrics);
    await server.setNameTable(packedBytes({}));
    const replies = [];
    for (const id of [1, 2]) {
      const query = encodeQuery({ id, name: 'www.bing.com.' });
      replies.push(decode(await ask('udp', address, query)));
    }

    deepEqual(
      replies.map(({ id, rcode }) => [id, rcode]),
      [
        [1, 0],
        [2, 0],
      ],
    );
    deepEqual([silent.queries.length, quick.queries.length], [1, 1]);
  });

  describe('with a silent resolver before another one', () => {
    let silent: FakeResolver;
    let quick: FakeResolver;
    beforeEach(async () => {
      [silent, quick] = [await FakeResolver.start(SILENT), await FakeResolver.start()];
    });
    afterEach(async () => {
      await silent[Symbol.asyncDispose]();
      await quick[Symbol.asyncDispose]();
    });

    /** How long the answer of the other one takes, milliseconds. */
    async function answeredAfterMs(variables: Readonly<Record<string, string>>): Promise<number> {
      const [port = 0] = await freePorts(1);
      const address = { host: '127.0.0.1', port };
      const plan = planFor([address], [silent.address, quick.address]);
      const deps = { clock: systemClock(), random: () => 0, log: recordingLog().log }; // leaves the order as it is
      const config = await agentConfig({ env: { ...CAPTURE, ...variables } });
      await using server = await startDns(plan, config, deps, metrics);
      await server.setNameTable(packedBytes({}));

      const startMs = performance.now();
      const reply = await ask('udp', address, encodeQuery({ name: 'www.bing.com.' }));
      equal(decode(reply).rcode, 0);
      return performance.now() - startMs;
    }

    it('asks both at once with DNS_FORWARD_PARALLEL', async () => {
      await answeredAfterMs({
        DNS_FORWARD_PARALLEL: 'true',
        DNS_FORWARD_TIMEOUT: '1h',
        DNS_FORWARD_HEDGE_DELAY: '1h',
      });

      deepEqual([silent.queries.length, quick.queries.length], [1, 1]);
    });

    it('asks the other one after DNS_FORWARD_TIMEOUT', async () => {
      const tookMs = await answeredAfterMs({ DNS_FORWARD_TIMEOUT: '100ms', DNS_FORWARD_HEDGE_DELAY: '1h' });

      ok(tookMs >= 95, `${tookMs} ms`);
    });

    it('asks the other one after DNS_FORWARD_HEDGE_DELAY, should that be sooner', async () => {
      const tookMs = await answeredAfterMs({ DNS_FORWARD_TIMEOUT: '1h', DNS_FORWARD_HEDGE_DELAY: '100ms' });

      ok(tookMs >= 95, `${tookMs} ms`);
    });
  });

  it('says at which stage of the start a taken address was met', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, '127.0.0.1', resolve);
    });
    const { port } = taken.address() as { port: number };
    const plan = planFor([{ host: '127.0.0.1', port }], []);
    const deps = { clock: systemClock(), random: Math.random, log: recordingLog().log };

    await rejects(startDns(plan, await agentConfig({ env: CAPTURE }), deps, metrics), {
      message: new RegExp(`^failed to start local DNS server: unable to listen on tcp 127.0.0.1:${port}: `),
    });

    taken.close();
  });
});

describe('followResolvers', () => {
  it('has the server ask those that the resolver file names now, as often as variable or file say', async () => {
    await using stack = new AsyncDisposableStack();
    const temporary = await temporaryDirectory();
    stack.defer(() => temporary.remove());
    const path = join(temporary.path, 'resolv.conf');
    await writeFile(path, 'nameserver 10.0.0.2\noptions attempts:2\n');
    const choices: ResolverChoice[] = [];
    const server = { useResolvers: (choice: ResolverChoice): void => void choices.push(choice) };
    const config = await agentConfig({ env: { ...CAPTURE, DNS_FORWARD_RETRIES: '3' } });
    const deps = { clock: systemClock(), log: recordingLog().log };

    stack.use(followResolvers(planFor([], [], path), server, config, deps));
    await turnsUntil(() => choices.length === 1);

    deepEqual(choices, [{ resolvers: [{ host: '10.0.0.2', port: 53 }], search: [], retries: 3 }]);
  });
});

describe('runAgent with DNS capture', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  let address: string;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
    const [port = 0] = await freePorts(1);
    address = `127.0.0.1:${port}`;
  });
  afterEach(() => temporary.remove());

  it('serves DNS before Envoy starts, and no longer when it has ended', async () => {
    const env = { ...CAPTURE, DNS_PROXY_ADDR: address };
    const [host = '', port = ''] = address.split(':');
    const query = encodeQuery({ opcode: 5 }); // refused by the server itself, so nobody is asked
    await using agent = new RunningAgent(folder, await folder.config({ env }));
    await agent.running;

    const reply = decode(await ask('tcp', { host, port: Number(port) }, query));
    await agent.logged(LIVE);
    agent.stop();
    await agent.end;

    equal(reply.rcode, 4);
    await rejects(ask('tcp', { host, port: Number(port) }, query), { code: 'ECONNREFUSED' });
    const messages = agent.recorded.messages();
    const dns = messages.indexOf(`Starting local tcp DNS server on ${address}`);
    ok(dns >= 0 && dns < messages.findIndex((message) => message.startsWith('Starting SDS server')));
  });

  it('fails before it opens anything when the address is none', async () => {
    const env = { ...CAPTURE, DNS_PROXY_ADDR: 'localhost' };
    await using agent = new RunningAgent(folder, await folder.config({ env }));

    await rejects(agent.end, { message: /^failed to start local DNS server: dns address must be/ });

    deepEqual(await folder.openings(), { status: false, sds: false, xds: false });
  });

  it('closes what serves in the order of the reference: xDS, DNS, secrets', async () => {
    const closed: string[] = [];
    const order = { XdsProxy, DnsServer, SdsServer };
    using restored = new DisposableStack();
    for (const [name, { prototype }] of Object.entries(order)) {
      const close: () => Promise<void> = Reflect.get(prototype, 'close');
      restored.defer(() => void (prototype.close = close));
      prototype.close = function (this: never) {
        closed.push(name);
        return close.call(this);
      };
    }
    await using agent = new RunningAgent(
      folder,
      await folder.config({ env: { ...CAPTURE, DNS_PROXY_ADDR: address } }),
    );
    await agent.logged(LIVE);

    agent.stop();
    await agent.end;

    deepEqual(closed, Object.keys(order));
  });
});
