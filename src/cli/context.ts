// What a command is given of the process, and how it says with which code to end. Commands read nothing global:
// main.ts makes the one real context, tests make their own.

import { AgentError, type AgentErrorOptions } from '../runtime/errors.ts';

export interface CliContext {
  /** The words after node and script. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  /** Ends on the first SIGTERM or SIGINT; its reason is a StopRequested. */
  readonly signal: AbortSignal;
  /**
   * Calls `listener` at every such signal; at once when one came before anybody listened.
   *
   * @returns stops listening
   */
  readonly onSignal: (name: HeardSignal, listener: () => void) => () => void;
  /** Calls `listener` when the process ends, in whatever way Node still notices; it cannot wait for anything. */
  readonly onExit: (listener: () => void) => void;
}

/**
 * Signals that ask for something other than an orderly end. SIGTERM and SIGINT mean one that comes when the end was
 * asked for already; with nobody listening for SIGINT (Ctrl-C twice) the process exits at once.
 */
export type HeardSignal = 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2' | 'SIGTERM' | 'SIGINT';

/** As Go spells signals, and so the reference's reason for not being ready. */
const SIGNAL_WORDS = { SIGTERM: 'terminated', SIGINT: 'interrupt' };

/** Why a command was told to end. A command that rethrows it ends with 128 plus the signal's number. */
export class StopRequested extends AgentError {
  readonly signalName: 'SIGTERM' | 'SIGINT';

  constructor(signalName: 'SIGTERM' | 'SIGINT') {
    super(`received signal: ${SIGNAL_WORDS[signalName]}`);
    this.signalName = signalName;
  }
}

/** A program the command ran for its user ended so. There is nothing to report: the program has done that itself. */
export class ProgramEnded extends AgentError {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the program ended with ${exitCode}`);
    this.exitCode = exitCode;
  }
}

export interface ExitErrorOptions extends AgentErrorOptions {
  /** True when the command's own log already has the line. Default false. */
  readonly logged?: boolean;
  /** Lines for standard error after the error itself, not for the log. Default none. */
  readonly hint?: string;
}

/** An error that ends the command with a code of its own; every other error ends it with 255. */
export class ExitError extends AgentError {
  readonly exitCode: number;
  readonly logged: boolean;
  readonly hint: string;

  constructor(message: string, exitCode: number, options: ExitErrorOptions = {}) {
    super(message, options);
    this.exitCode = exitCode;
    this.logged = options.logged ?? false;
    this.hint = options.hint ?? '';
  }
}

/** What any failed command ends with, unless it says otherwise. */
export const FAILURE_EXIT_CODE = 255;

/** How a failed command ends. An error nobody foresaw brings its stack as the hint. */
export function exitDetails(error: unknown): Pick<ExitError, 'exitCode' | 'logged' | 'hint'> {
  if (error instanceof ExitError) return error;
  const unforeseen = error instanceof Error && !(error instanceof AgentError);
  return { exitCode: FAILURE_EXIT_CODE, logged: false, hint: unforeseen ? (error.stack ?? '') : '' };
}
