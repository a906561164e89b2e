import { deepEqual, equal, rejects } from 'node:assert/strict';
import { stat } from 'node:fs/promises';

import { startDebugTap, xdsProxySettings } from '../../src/agent/socket-servers.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import type { DebugQuestion } from '../../src/xds-proxy/proxy.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { responseBytes } from '../xds-proxy/messages.ts';
import { agentConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

describe('startSds', () => {
  it('gives its socket the mode of SDS_SOCKET_MODE and the group of SDS_SOCKET_GID', async () => {
    await using temporary = await temporaryDirectory();
    const folder = await AgentFolder.lay(temporary.path);
    const group = process.geteuid?.() === 0 ? 4711 : process.getegid?.(); // only root gives files away
    const env = { SDS_SOCKET_MODE: '0660', SDS_SOCKET_GID: String(group) };
    await using agent = new RunningAgent(folder, await folder.config({ env }));
    await agent.running;

    const { mode, gid } = await stat(folder.sdsSocket);

    deepEqual([mode & 0o777, gid], [0o660, group]);
  });
});

describe('xdsProxySettings', () => {
  it('takes limits and times from the variables', async () => {
    const env = {
      ISTIO_GPRC_MAXSTREAMS: '7',
      ISTIO_GPRC_MAXRECVMSGSIZE: '1000',
      GRPC_KEEPALIVE_INTERVAL: '20s',
      GRPC_KEEPALIVE_TIMEOUT: '4s',
      XDS_MAX_SILENCE: '5m',
    };

    deepEqual(xdsProxySettings(await agentConfig({ env })), {
      socketPath: './etc/istio/proxy/XDS',
      maxStreams: 7,
      maxRequestBytes: 1000,
      keepaliveIntervalMs: 20_000,
      keepaliveTimeoutMs: 4000,
      maxSilenceMs: 300_000,
    });
  });
});

describe('startDebugTap', () => {
  async function start(env: Readonly<Record<string, string>>, asked: DebugQuestion[], generation?: number) {
    const ask = async (question: DebugQuestion) => {
      asked.push(question);
      return { kind: 'delta', bytes: responseBytes('delta', question.typeUrl) } as const;
    };
    const identity = { messages: async () => loadMessages() };
    const deps = { identity, clock: new FakeClock(), instanceIps: ['10.0.0.7'] };
    return startDebugTap(await agentConfig({ env }), deps, { ask }, () => generation);
  }

  it('opens nothing unless it is wanted', async () => {
    equal(await start({}, []), undefined);
  });

  it('asks on the stream of the Envoy that serves, at the port that is set', async () => {
    const [port = 0] = await freePorts(1);
    const env = { PROXY_XDS_DEBUG_VIA_AGENT: 'true', PROXY_XDS_DEBUG_VIA_AGENT_PORT: String(port) };
    const asked: DebugQuestion[] = [];

    await using _tap = await start(env, asked, 3);
    const answer = await fetch(`http://127.0.0.1:${port}/debug/syncz?resourceName=web-1`);

    equal(answer.status, 200);
    deepEqual(asked, [{ typeUrl: 'istio.io/debug/syncz', names: ['web-1'], generation: 3 }]);
    await rejects(fetch(`http://127.0.0.2:${port}/debug/syncz`), 'at loopback alone');
  });

  it('is part of the agent, from its start to its end', async () => {
    await using temporary = await temporaryDirectory();
    const folder = await AgentFolder.lay(temporary.path);
    const [port = 0] = await freePorts(1);
    const url = `http://127.0.0.1:${port}/debug/syncz`;
    const env = { PROXY_XDS_DEBUG_VIA_AGENT: 'true', PROXY_XDS_DEBUG_VIA_AGENT_PORT: String(port) };
    await using agent = new RunningAgent(folder, await folder.config({ env }));
    await agent.running;

    const answer = await fetch(url);
    agent.stop();
    await agent.end;

    deepEqual([answer.status, await answer.text()], [503, 'proxy not connected to Istiod\n']);
    await rejects(fetch(url));
  });
});
