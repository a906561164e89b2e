// The same command once more, inside the network that --network-namespace names: there, addresses, rules, routes and
// validation are all the pod's. Its log passes through; how it ended is how this one ends.

import { text } from 'node:stream/consumers';

import { ToolStartError } from '../../iptables/tools/run-tool.ts';
import { nodeSpawn } from '../runtime/node-spawn.ts';
import { type CliContext, ExitError } from './context.ts';

/**
 * @param entry arguments of nsenter
 * @throws ExitError with code and line of the inner command when that fails; ToolStartError without nsenter
 */
export async function runInside(context: CliContext, entry: readonly string[]): Promise<void> {
  const [, script = ''] = process.argv;
  const own = [process.execPath, ...process.execArgv, script, ...context.argv];
  const env = Object.fromEntries(
    Object.entries(context.env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  const child = await nodeSpawn({ file: 'nsenter', args: [...entry, '--', ...own], env }).catch(
    (error: unknown) => {
      throw new ToolStartError('nsenter', error);
    },
  );
  const stop = (): void => void child.signal('SIGTERM');
  context.signal.addEventListener('abort', stop, { once: true });
  child.stdout.pipe(context.stdout, { end: false });
  const [exit, stderr] = await Promise.all([child.exited, text(child.stderr)]);
  context.signal.removeEventListener('abort', stop);
  context.signal.throwIfAborted();
  if (exit.code !== 0) {
    const line = stderr.trim().replace(/^Error: /, '');
    throw new ExitError(line, exit.code ?? CAPTURE_FAILED, { logged: true });
  }
  context.stderr.write(stderr);
}

/** For an inner command that a signal ended. */
const CAPTURE_FAILED = 1;
