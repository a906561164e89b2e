// The agent as it is shipped: bundled, with its code cache.

import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const PACKAGE = resolve(import.meta.dirname, '..');

export const AGENT = resolve(PACKAGE, 'dist/agent');

/** Builds it from the sources as they are now. */
export async function buildAgent(): Promise<void> {
  await promisify(execFile)(process.execPath, ['--run', 'build'], { cwd: PACKAGE });
}
