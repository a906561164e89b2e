// Programs of this machine that look into a pod from outside.

import { execFile } from 'node:child_process';

import type { Finished } from '../kubelet/kubelet.ts';

/** Runs to the end, whatever the exit code. @param env added to the environment of the tests */
export function runProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const { promise, resolve, reject } = Promise.withResolvers<Finished>();
  const options = { env: { ...process.env, ...env }, maxBuffer: 16 * 1024 * 1024 };
  const child = execFile(file, args, options, (error, stdout, stderr) => {
    if (child.exitCode === null) reject(error ?? new Error(`${file} was killed`));
    else resolve({ stdout, stderr, exitCode: child.exitCode });
  });
  return promise;
}
