// What ends a capture command with exit code 1: a setting that cannot be used, no usable tool, a refused rule.

import { AgentError } from '../src/runtime/errors.ts';

/** The message is one line: cause first, then what the reader can do. */
export class CaptureError extends AgentError {}

/** No probe arrived: the one failure with an exit code of its own, which repair controllers look for. */
export class ValidationError extends CaptureError {}
