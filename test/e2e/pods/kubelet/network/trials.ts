// What a kubelet tries over the network: requests and connections.

import { once } from 'node:events';
import { connect } from 'node:net';

import { getStatus } from './http-request.ts';
import type { NetworkTrial, TrialResult } from './node-messages.ts';

export async function runTrial(trial: NetworkTrial): Promise<TrialResult> {
  try {
    return { isSuccess: true, detail: await attempt(trial) };
  } catch (error) {
    return { isSuccess: false, detail: describe(error) };
  }
}

async function attempt(trial: NetworkTrial): Promise<string> {
  const { address, port, timeoutMs, userAgent } = trial;
  const signal = AbortSignal.timeout(timeoutMs);
  if (trial.do === 'tcpSocket') {
    const socket = connect({ host: address, port, signal });
    await once(socket, 'connect').finally(() => socket.destroy());
    return 'connected';
  }
  const { scheme, path, anyStatus } = trial;
  const root = `${scheme.toLowerCase()}://${address}:${port}`;
  const url = root + (path.startsWith('/') ? path : `/${path}`);
  const status = await getStatus(url, userAgent, signal);
  if (!anyStatus && (status < 200 || status >= 400)) throw new Error(`HTTP status ${status}`);
  return `HTTP status ${status}`;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'AbortError' ? 'timed out' : error.message;
}
