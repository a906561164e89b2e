import { deepEqual, equal, rejects } from 'node:assert/strict';

import { startDebugTap } from '../../src/agent/socket-servers.ts';
import { loadMessages } from '../../src/proto/messages.ts';
import type { DebugQuestion } from '../../src/xds-proxy/proxy.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { responseBytes } from '../xds-proxy/messages.ts';
import { agentConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

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
