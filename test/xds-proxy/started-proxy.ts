// A real proxy on a Unix socket in a temporary folder, in front of a control plane of the test.

import { join } from 'node:path';

import { credentials, Metadata } from '@grpc/grpc-js';

import { XdsProxy, type XdsProxyDeps } from '../../src/xds-proxy/proxy.ts';
import type { ProxyMetrics } from '../../src/xds-proxy/metrics.ts';
import type { Upstream } from '../../src/xds-proxy/upstream-connection.ts';
import { shortTypeName } from '../../src/xds/type-urls.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

export interface StartedProxy extends AsyncDisposable {
  readonly proxy: XdsProxy;
  readonly socketPath: string;
  readonly clock: FakeClock;
  readonly log: RecordingLog;
  /** Everything counted, as `name` or `name:label`, in order. */
  readonly counted: readonly string[];
}

/** All but the path of the socket. */
export const SETTINGS = {
  maxStreams: 100,
  maxRequestBytes: 4_194_304,
  keepaliveIntervalMs: 30_000,
  keepaliveTimeoutMs: 10_000,
};

export async function startProxy(
  upstream: Upstream | string,
  overrides: Partial<XdsProxyDeps> = {},
): Promise<StartedProxy> {
  const directory = await temporaryDirectory();
  const socketPath = join(directory.path, 'etc/XDS');
  const clock = new FakeClock();
  const log = recordingLog();
  const counted: string[] = [];
  const proxy = await XdsProxy.start({
    settings: { ...SETTINGS, socketPath },
    upstream: typeof upstream === 'string' ? plaintextTo(upstream) : upstream,
    clock,
    random: () => 0.5,
    log: log.log,
    metrics: countInto(counted),
    ...overrides,
  });
  const dispose = async (): Promise<void> => {
    await proxy.close();
    await directory.remove();
  };
  return { proxy, socketPath, clock, log, counted, [Symbol.asyncDispose]: dispose };
}

export function plaintextTo(target: string, metadata = new Metadata()): Upstream {
  return {
    dial: () => Promise.resolve({ target, credentials: credentials.createInsecure(), options: {}, metadata }),
  };
}

export function countInto(counted: string[]): ProxyMetrics {
  const count = (name: string) => (): void => void counted.push(name);
  return {
    upstreamNotBuilt: count('upstreamNotBuilt'),
    upstreamEnded: (type) => void counted.push(`upstreamEnded:${type}`),
    downstreamEnded: (type) => void counted.push(`downstreamEnded:${type}`),
    request: count('request'),
    response: count('response'),
    requestSize: (bytes) => void counted.push(`requestSize:${bytes}`),
    received: (typeUrl, bytes, atMs) =>
      void counted.push(`received:${shortTypeName(typeUrl)}:${bytes}:${atMs}`),
    connectTook: (ms) => void counted.push(`connectTook:${ms}`),
    writeTook: (ms) => void counted.push(`writeTook:${ms}`),
    accepted: (typeUrl, afterMs) => void counted.push(`accepted:${shortTypeName(typeUrl)}:${afterMs}`),
    refused: (typeUrl, by) => void counted.push(`refused:${shortTypeName(typeUrl)}:${by}`),
  };
}
