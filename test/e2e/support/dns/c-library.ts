// Programs that resolve names through a C library: compiled for a test from a few lines of C.

import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const SOURCE = join(import.meta.dirname, '../../fixtures/resolve-names.c');

export interface CLibrary {
  readonly name: 'glibc' | 'musl';
  readonly compiler: readonly string[];
}

/** musl's must be static: its loader is not installed. */
export const C_LIBRARIES: readonly CLibrary[] = [
  { name: 'glibc', compiler: ['gcc'] },
  { name: 'musl', compiler: ['musl-gcc', '-static'] },
];

/** Why no program can be compiled here; undefined when it can. */
export function compilerObstacle(): string | undefined {
  const missing = C_LIBRARIES.map(({ compiler: [program = ''] }) => program).find(
    (program) => spawnSync(program, ['--version']).error !== undefined,
  );
  return missing && `${missing} is not installed`;
}

/** @returns the program's path, in the folder */
export async function compileResolver(folder: string, { name, compiler }: CLibrary): Promise<string> {
  const [program = '', ...options] = compiler;
  const path = join(folder, `resolve-with-${name}`);
  await promisify(execFile)(program, [...options, '-Wall', '-Werror', '-o', path, SOURCE]);
  return path;
}
