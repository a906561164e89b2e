// The end of the process once its command is done: everything written arrives first, and nothing that hangs in the
// background is waited for.

import { accessSync, constants } from 'node:fs';

/** What is needed of `process`. */
export interface EndingProcess {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  getActiveResourcesInfo(): string[];
  emit(event: 'exit', code: number): unknown;
  exit(code: number): void;
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): void;
}

/**
 * Ends the process. However slowly its output is read, none of it is cut.
 *
 * @param shell where there may be one
 */
export async function endProcess(ending: EndingProcess, code: number, shell = '/bin/sh'): Promise<void> {
  await Promise.all([written(ending.stdout), written(ending.stderr)]);
  if (isLookingUp(ending)) leaveLookupsBehind(ending, code, shell);
  ending.exit(code);
}

/** Resolves when the stream has handed on what it was given; at once when nobody reads it any more. */
function written(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

/** Whether the C library still asks for the address of a name: it does so in a thread, for up to half a minute. */
function isLookingUp(ending: EndingProcess): boolean {
  return ending.getActiveResourcesInfo().includes('GetAddrInfoReqWrap');
}

/** Exiting joins every thread, so it would wait for the resolver; a process that becomes another one takes none along. */
function leaveLookupsBehind(ending: EndingProcess, code: number, shell: string): void {
  const command = commandsEndingWith(code, shell).find(([file]) => isExecutable(file));
  if (command === undefined) return; // a failed execve aborts
  ending.emit('exit', code);
  try {
    ending.execve?.(command[0], command, {});
  } catch {
    // Node's permission model forbids it
  }
}

/** A shell ends within a millisecond. Where there is none: this Node, even one whose file was replaced meanwhile. */
function commandsEndingWith(code: number, shell: string): readonly [file: string, ...args: string[]][] {
  return [
    [shell, '-c', `exit ${code}`],
    ['/proc/self/exe', '--eval', `process.exit(${code})`],
  ];
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false; // whatever the reason
  }
}
