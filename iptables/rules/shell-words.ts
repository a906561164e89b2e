// A line of save output or restore input, and the words in it. Pure.

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

/** Words as one line; only comments hold blanks, and those hold no quotes and no backslashes. */
export function shellLine(words: readonly string[]): string {
  return words.map((word) => (/[\s']/.test(word) ? `"${word}"` : word)).join(' ');
}
