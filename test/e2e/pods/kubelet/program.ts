// Programs of the machine that make networks and mounts.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program to its end. @throws Error with what it wrote when it fails */
export async function runProgram(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(file, [...args]);
  return stdout;
}
