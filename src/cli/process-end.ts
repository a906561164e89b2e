// The end of the process once its command is done: everything written arrives first, and nothing that hangs in the
// background is waited for.

/** What is needed of `process`. */
export interface EndingProcess {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly execPath: string;
  getActiveResourcesInfo(): string[];
  emit(event: 'exit', code: number): unknown;
  exit(code: number): void;
  execve?(file: string, args: readonly string[], env: NodeJS.ProcessEnv): void;
}

/** Ends the process. However slowly its output is read, none of it is cut. */
export async function endProcess(ending: EndingProcess, code: number): Promise<void> {
  await Promise.all([written(ending.stdout), written(ending.stderr)]);
  if (isLookingUp(ending) && ending.execve !== undefined) leaveLookupsBehind(ending, code);
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
function leaveLookupsBehind(ending: EndingProcess, code: number): void {
  ending.emit('exit', code);
  ending.execve?.(ending.execPath, [ending.execPath, '--eval', `process.exit(${code})`], {});
}
