// The one base class of errors the agent raises itself, and the door through which foreign values enter.
// Subclasses live in the file that throws them: one per thing a caller treats differently.

export interface AgentErrorOptions {
  /** True when the same call may succeed later without a change of configuration. Default false. */
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

export class AgentError extends Error {
  readonly retryable: boolean;

  constructor(message: string, options: AgentErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.retryable = options.retryable ?? false;
  }
}

/** A mistake in what the user gave us: flag, variable, file. Ends a command with exit code 255. */
export class ConfigError extends AgentError {}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0 && thrown.message === '') {
    return thrown.errors.map(messageOf).join('; ');
  }
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The `code` of a Node system error (`ENOENT`), or undefined. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
