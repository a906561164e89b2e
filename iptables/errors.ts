// What ends a capture command: a setting that cannot be used, no usable tool, a refused rule.

import { AgentError } from '../src/runtime/errors.ts';
import { ERROR_KINDS, type ErrorId } from './error-ids.ts';

export interface CaptureErrorOptions {
  /** Default: what is said of a program that failed for no known reason. */
  readonly id?: ErrorId;
  readonly cause?: unknown;
}

/** The message is the cause, in one line. */
export class CaptureError extends AgentError {
  readonly id: ErrorId;

  constructor(message: string, { id = 'IPT-TOOL-FAILED', ...options }: CaptureErrorOptions = {}) {
    super(message, options);
    this.id = id;
  }

  /** Id, cause and remedy in one line, for whoever has to act. */
  get line(): string {
    return `[${this.id}] ${this.message.replace(/\.$/, '')}; ${ERROR_KINDS[this.id].remedy}`;
  }
}

/** No probe arrived: the one failure with an exit code of its own, which repair controllers look for. */
export class ValidationError extends CaptureError {
  constructor(message: string, options: Omit<CaptureErrorOptions, 'id'> = {}) {
    super(message, { ...options, id: 'IPT-VALIDATION' });
  }
}
