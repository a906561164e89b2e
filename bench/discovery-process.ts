// `agent discovery` as a process of its own, so that what the CA takes is not counted as the measuring process's.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { issueToken } from '../src/discovery/token.ts';
import { systemClock } from '../src/runtime/clock.ts';
import { AGENT } from './built-agent.ts';

export interface DiscoveryProcess extends AsyncDisposable {
  readonly port: number;
  readonly rootPath: string;
  readonly token: (namespace: string, serviceAccount: string) => Promise<string>;
}

/** Resolves when it listens. @param folder must exist */
export async function startDiscoveryProcess(folder: string): Promise<DiscoveryProcess> {
  const [configDirectory, stateDirectory] = [join(folder, 'config'), join(folder, 'state')];
  await mkdir(configDirectory, { recursive: true });
  const words = ['--config-dir', configDirectory, '--state-dir', stateDirectory, '--port=0'];
  const child = spawn(process.execPath, [AGENT, 'discovery', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let port = 0;
  for await (const lines of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    port = Number(/discovery and CA listen on \S+:(\d+)/.exec(String(lines))?.[1] ?? 0);
    if (port !== 0) break;
  }
  if (port === 0) throw new Error('agent discovery ended before it listened');
  child.stdout.resume();
  return {
    port,
    rootPath: join(stateDirectory, 'root-cert.pem'),
    token: (namespace, serviceAccount) =>
      issueToken({ stateDirectory, namespace, serviceAccount, ttlMs: 3_600_000 }, systemClock()),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
