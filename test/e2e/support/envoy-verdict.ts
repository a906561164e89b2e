// What the real Envoy says to a bootstrap, without serving it.

import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryDirectory } from '../../support/temporary-directory.ts';

const run = promisify(execFile);

export interface EnvoyVerdict {
  readonly isAccepted: boolean;
  /** Standard output when it is accepted, else standard error. */
  readonly output: string;
}

/**
 * @param mode `init_only` also compiles the expressions of the statistics, which `validate` leaves alone
 * @param extension Envoy picks its parser by it
 */
export async function envoyVerdict(
  envoy: string,
  text: string,
  mode: 'validate' | 'init_only' = 'validate',
  extension: 'json' | 'yaml' = 'json',
): Promise<EnvoyVerdict> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, `envoy-rev.${extension}`);
  await writeFile(path, text);
  const args = ['--mode', mode, '--disable-hot-restart', '--allow-unknown-static-fields', '-c', path];
  try {
    const { stdout } = await run(envoy, args, { cwd: directory.path });
    return { isAccepted: mode === 'init_only' || stdout.includes('OK'), output: stdout };
  } catch (error) {
    return { isAccepted: false, output: (error as { readonly stderr?: string }).stderr ?? String(error) };
  }
}
