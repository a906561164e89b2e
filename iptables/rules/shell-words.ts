// Saved rules as words. Pure.

/** Words as a shell would split them: saved comments hold blanks, quotes and escapes. */
export function shellWords(line: string): string[] {
  const pattern = /(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+/g;
  return [...line.matchAll(pattern)].map(([word]) =>
    word.replaceAll(
      /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
      (_all, double?: string, single?: string, one?: string) =>
        double === undefined ? (single ?? one ?? '') : double.replaceAll(/\\(.)/g, '$1'),
    ),
  );
}
