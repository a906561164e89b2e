// The words of `ldd`: which library files a program loads, and what it does not find.

/** The absolute paths that ldd names, the loader included; the kernel's own library has none. */
export function readLdd(output: string): readonly string[] {
  const lines = output.split('\n').map((line) => line.trim());
  const paths = lines.map((line) => /(?:=> |^)(\/\S+) \(0x/.exec(line)?.[1]);
  return paths.filter((path) => path !== undefined);
}

/** The first library, or version of a library, that was not found; undefined when all were. */
export function missingLibrary(output: string): string | undefined {
  const line = output.split('\n').find((text) => text.includes('not found'));
  return line?.trim().replace(/^.*: version/, 'version');
}
