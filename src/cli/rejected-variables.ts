// The warning of short commands about variables that cannot be read. It goes to standard error, because programs
// read what these commands print.
// Upstream: istio 1.31 pkg/env, which writes it to standard output.

import { readEnvironment, rejectionText } from '../config/env.ts';
import { plainLog } from '../runtime/plain-log.ts';
import type { CliContext } from './context.ts';

/** One line for each. */
export function warnOfRejectedVariables({ env, stderr }: CliContext): void {
  const log = plainLog((line) => stderr.write(line));
  for (const rejection of readEnvironment(env).rejections) log.warn(rejectionText(rejection));
}
