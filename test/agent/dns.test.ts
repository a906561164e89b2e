import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { createServer } from 'node:net';

import { dnsPlan, startDns } from '../../src/agent/dns.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { ask } from '../dns/support/dns-client.ts';
import { FakeResolver } from '../dns/support/fake-resolver.ts';
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

describe('startDns', () => {
  const metrics = {
    request: () => undefined,
    forwarded: () => undefined,
    failed: () => undefined,
    forwardTook: () => undefined,
  };

  it('forwards every query before there is a table, and says that it does', async () => {
    await using resolver = await FakeResolver.start();
    const recorded = recordingLog();
    const [port = 0] = await freePorts(1);
    const address = { host: '127.0.0.1', port };
    const plan = { listen: [address], resolvers: [resolver.address], search: [], respondBeforeSync: false };
    const deps = { clock: systemClock(), random: Math.random, log: recorded.log };

    await using _server = await startDns(plan, await agentConfig({ env: CAPTURE }), deps, metrics);
    const reply = decode(await ask('udp', address, encodeQuery({ name: 'www.bing.com.' })));

    equal(reply.answers.length, 1);
    equal(recorded.messages('info').at(-1), 'names of the mesh are not served yet: every query is forwarded');
    deepEqual(new Set(recorded.records.map(({ scope }) => scope)), new Set(['dns']));
  });

  it('says at which stage of the start a taken address was met', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(0, '127.0.0.1', resolve);
    });
    const { port } = taken.address() as { port: number };
    const plan = {
      listen: [{ host: '127.0.0.1', port }],
      resolvers: [],
      search: [],
      respondBeforeSync: false,
    };
    const deps = { clock: systemClock(), random: Math.random, log: recordingLog().log };

    await rejects(startDns(plan, await agentConfig({ env: CAPTURE }), deps, metrics), {
      message: new RegExp(`^failed to start local DNS server: unable to listen on tcp 127.0.0.1:${port}: `),
    });

    taken.close();
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
});
