// The xDS part of an agent as its configuration makes it: dialer, token and proxy of the product, on a folder of its own
// with the files an agent finds in a pod, in front of a control plane of the runner. Time stands still.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { nameTableHandler } from '../../../src/agent/name-table.ts';
import { ProxyConfigUpdates } from '../../../src/agent/proxy-config-updates.ts';
import { xdsSocketPath } from '../../../src/agent/socket-servers.ts';
import { PackedNameTable } from '../../../src/dns/names/packed-name-table.ts';
import { loadMessages } from '../../../src/proto/messages.ts';
import { openXdsDialer } from '../../../src/security/upstream/control-plane.ts';
import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { XdsProxy } from '../../../src/xds-proxy/proxy.ts';
import { agentConfig } from '../../agent/support/agent-config.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentProxyMetrics } from './silent-proxy-metrics.ts';

export type Handler = 'NDS' | 'PCDS';

export interface AgentSettings {
  readonly folder: string;
  readonly discoveryAddress: string;
  readonly env: Readonly<Record<string, string>>;
  readonly proxyConfig: object;
  readonly handlers: ReadonlySet<Handler>;
}

/** In the agent's folder. */
export const ROOT_FILE = 'var/run/secrets/istio/root-cert.pem';
export const TOKEN_FILE = 'var/run/secrets/tokens/istio-token';

export class AgentUnderTest implements AsyncDisposable {
  readonly socketPath: string;
  readonly clusterId: string;
  readonly log = recordingLog();
  /** Name tables that counted, and trust bundles, oldest first. */
  readonly tables: PackedNameTable[] = [];
  readonly bundles: (readonly string[])[] = [];
  readonly #clock = new FakeClock(Date.now());
  #proxy: XdsProxy | undefined;

  /** @throws ConfigError | AgentError as the agent's own start does */
  static async start(settings: AgentSettings): Promise<AgentUnderTest> {
    const { folder, discoveryAddress, env } = settings;
    const given = { discoveryAddress, configPath: join(folder, 'proxy'), ...settings.proxyConfig };
    const config = await agentConfig({ workingDirectory: folder, env, proxyConfig: given });
    const agent = new AgentUnderTest(xdsSocketPath(config), config.controlPlane.clusterId);
    const { log } = agent.log;
    const clock = agent.#clock;
    const token = new FileToken({ path: join(folder, TOKEN_FILE), clock, log });
    const setNameTable = async (bytes: Uint8Array) => void agent.tables.push(new PackedNameTable(bytes));
    const secrets = { setExtraAnchors: (anchors: readonly string[]) => void agent.bundles.push(anchors) };
    const bundles = new ProxyConfigUpdates({ secrets, messages: async () => loadMessages(), log });
    const { maxStreams, maxReceiveBytes, keepaliveIntervalMs, keepaliveTimeoutMs } = config.env;
    const socketPath = agent.socketPath;
    agent.#proxy = await XdsProxy.start({
      settings: {
        socketPath,
        maxStreams,
        maxRequestBytes: maxReceiveBytes,
        keepaliveIntervalMs,
        keepaliveTimeoutMs,
      },
      upstream: await openXdsDialer(config.controlPlane, { token, clock, log }),
      clock,
      random: Math.random,
      log,
      metrics: silentProxyMetrics(),
      ...(settings.handlers.has('NDS') && { onNameTable: nameTableHandler({ setNameTable }, log) }),
      ...(settings.handlers.has('PCDS') && { onProxyConfig: bundles.take }),
    });
    return agent;
  }

  private constructor(socketPath: string, clusterId: string) {
    this.socketPath = socketPath;
    this.clusterId = clusterId;
  }

  /** A stream of some Envoy has its own to the control plane. */
  get isConnected(): boolean {
    return this.#proxy?.snapshot().generations.some(({ connected }) => connected) ?? false;
  }

  async close(): Promise<void> {
    await this.#proxy?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export async function lay(folder: string, path: string, content: string): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
