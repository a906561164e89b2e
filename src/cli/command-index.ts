// Where the sub-command stands among the words: the rule by which flags before it swallow words.
// Upstream: cobra Command.Find, stripFlags.

/** Flags of the program itself that stand alone; every other one takes the next word with it. */
const ALONE = new Set(['--log_as_json', '--help', '-h']);

/**
 * Where the sub-command stands among the words; -1 when there is none. A flag before it swallows the word that
 * follows, known or not; a last word after such a flag is swallowed too.
 */
export function commandIndex(words: readonly string[]): number {
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? '';
    if (word === '--') return -1;
    if (word !== '' && !word.startsWith('-')) return index;
    const takesNext = word.startsWith('--') || word.length === 2;
    if (takesNext && !word.includes('=') && !ALONE.has(word)) index++;
  }
  return -1;
}
