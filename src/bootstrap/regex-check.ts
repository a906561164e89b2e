// Whether Envoy would compile a user's regular expression. One that it would not ends Envoy at its start, so whoever
// asks here drops it. Patterns of the inclusion list are RE2; tags of statistics are C++'s std::regex (ECMAScript).

import { messageOf } from '../runtime/errors.ts';

/**
 * As `re2.max_program_size.error_level` says in the runtime layer. Envoy does not apply it to its bootstrap, but such
 * a pattern would be run over every name of a statistic.
 */
const MAX_PROGRAM_SIZE = 32_768;

/** Envoy's limit for the expression of a tag. */
const MAX_TAG_REGEX_BYTES = 1024;

/** The expression that finds `tag` in the name of a statistic. The tag is an expression itself, not a literal. */
export function tagRegex(tag: string): string {
  return String.raw`(${tag}=\.=(.*?);\.;)`;
}

/** What is wrong with a pattern of the inclusion list; undefined when nothing is. */
export async function patternProblem(pattern: string): Promise<string | undefined> {
  // Envoy's RE2 reads bytes, so a character above 255 cannot be named, only written.
  if (/\\x\{0*[1-9a-f][\da-f]{2,}\}/i.test(pattern)) return '\\x{…} goes up to \\x{ff}';
  const { RE2JS } = await import('re2js'); // a large module that nearly nobody needs
  try {
    const size = RE2JS.compile(pattern).programSize();
    if (size > MAX_PROGRAM_SIZE) return `a program of ${size} steps, ${MAX_PROGRAM_SIZE} are allowed`;
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/** What is wrong with the name of an extra tag; undefined when nothing is. */
export function tagProblem(tag: string): string | undefined {
  const regex = tagRegex(tag);
  if (Buffer.byteLength(regex) > MAX_TAG_REGEX_BYTES) {
    return `its expression is longer than ${MAX_TAG_REGEX_BYTES} bytes`;
  }
  const [foreign] = FOREIGN_SYNTAX.exec(regex.replaceAll('\\\\', '')) ?? [];
  if (foreign !== undefined) return `std::regex does not know ${foreign}`;
  try {
    // oxlint-disable-next-line no-new -- only whether it compiles counts
    new RegExp(inUnicodeSyntax(regex), 'u');
    return undefined;
  } catch (error) {
    return messageOf(error).split(': ').at(-1);
  }
}

/**
 * What JavaScript has and std::regex has not: look-behind, names, flags, Unicode's classes, references to groups that
 * come later; no tag needs the others.
 */
const FOREIGN_SYNTAX = /\(\?[^:=!]|\\[pPk1-9]|\\u\{/;

/**
 * JavaScript's unicode mode is as strict about braces, brackets and escapes as std::regex. What only that one takes
 * stands for a letter here: POSIX classes, and escapes of characters that need none.
 */
function inUnicodeSyntax(regex: string): string {
  return regex
    .replaceAll(/\[:(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit):\]/g, 'a')
    .replaceAll(/\\[^A-Za-z]/g, 'a');
}
