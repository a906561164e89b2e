// Characters and escapes of a YAML text that Go's reader refuses and the parser underneath would take.

import { YamlError } from './yaml-tree.ts';

/** Control characters but tab, line feed, carriage return and next line; halves of surrogate pairs. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]|\p{Surrogate}/u;

/** @throws YamlError */
export function checkCharacters(text: string): void {
  const found = FORBIDDEN.exec(text);
  if (found === null) return;
  const code = (found[0].codePointAt(0) ?? 0).toString(16).padStart(4, '0');
  throw new YamlError(`character U+${code.toUpperCase()} is not allowed`, found.index);
}

/** JSON's escapes that Go's YAML reader does not know: `\/` and those of UTF-16 halves. */
const FOREIGN_ESCAPE = /^(?:[^\\]|\\(?!\/|u[dD][89a-fA-F]).)*?(\\(?:\/|u[dD][89a-fA-F][\da-fA-F]{2}))/s;

/**
 * @param source of a scalar in double quotes
 * @param offset where it stands in the text
 * @throws YamlError
 */
export function checkEscapes(source: string, offset: number): void {
  const found = FOREIGN_ESCAPE.exec(source)?.[1];
  if (found === undefined) return;
  throw new YamlError(`escape ${found} is not allowed: write the character itself`, offset);
}
