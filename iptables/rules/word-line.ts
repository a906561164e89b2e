// Words of a rule as one line of restore input. Pure.

/** Words with blanks are quoted; only comments have them, and those hold no quotes and no backslashes. */
export function wordLine(words: readonly string[]): string {
  return words.map((word) => (/[\s']/.test(word) ? `"${word}"` : word)).join(' ');
}
