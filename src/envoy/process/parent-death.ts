// An Envoy that can hand over asks the kernel to be ended with its agent; one that cannot does not, and would go on
// without anybody. It is started through setpriv where that is there, which asks for it and then becomes Envoy: the
// process, its arguments and its environment are the same.

import { access, constants } from 'node:fs/promises';

import { SECOND_MS } from '../../runtime/duration.ts';
import type { Command, Spawn } from '../../runtime/spawn.ts';
import { findOnPath } from './binary.ts';
import { shortRun, type ShortRunDeps } from './short-run.ts';

const TIMEOUT_MS = 2 * SECOND_MS;
const ASK_FOR_DEATH = ['--pdeathsig', 'KILL'];

/** A way to start processes that are killed when this one is gone; an ordinary one where the tool is missing. */
export function endingWithParent(deps: ShortRunDeps): Spawn {
  let tool: Promise<string | undefined> | undefined;
  return async (command) => {
    const setpriv = await (tool ??= findSetpriv(deps, command.env ?? {}));
    if (setpriv === undefined) return deps.spawn(command);
    await access(command.file, constants.X_OK); // setpriv would start, and tell by its exit code that it cannot go on
    return deps.spawn(through(setpriv, command));
  };
}

function through(setpriv: string, command: Command): Command {
  return { ...command, file: setpriv, args: [...ASK_FOR_DEATH, '--', command.file, ...command.args] };
}

/** There are smaller ones of the same name that cannot do it. */
async function findSetpriv(
  deps: ShortRunDeps,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const setpriv = await findOnPath('setpriv', env.PATH);
  if (setpriv === undefined) return undefined;
  const trial = { file: setpriv, args: [...ASK_FOR_DEATH, '--', setpriv, '--version'], env };
  try {
    const { exit } = await shortRun(deps, trial, TIMEOUT_MS, new AbortController().signal);
    return exit.code === 0 ? setpriv : undefined;
  } catch {
    return undefined; // a tool that cannot be run is as good as none: Envoy runs without it
  }
}
