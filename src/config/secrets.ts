// What nobody may read in a listing, a log or a shown bootstrap: how a secret is recognised in a text, by the name
// before it, or by its own shape (runtime/redaction.ts). Secrets of structures are masked in secret-members.ts.

import { MASK, maskShapes } from '../runtime/redaction.ts';

const SECRET_WORDS =
  '(?:token|secret|password|passwd|passphrase|authorization|cookie|(?:api|access|secret|signing|encryption)[_-]?key)';
const SECRET_NAME = new RegExp(`^(?:CA|XDS)_HEADER_|${SECRET_WORDS}$`, 'i');

/** Whether a member, variable or header of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The end of a name in a text. Backslashes stand before the quotes of JSON that is a text in JSON. */
const NAME_END = String.raw`\\*["']?\s*[:=]\s*`;
const NAME = String.raw`(?:\b(?:CA|XDS)_HEADER_\w+|${SECRET_WORDS})`;
const NEXT_NAME = String.raw`\s*\\*["']?[\w./-]+\\*["']?\s*[:=]`;

/** A value as YAML, JSON or `name=value` has it. A comma or brace ends a plain one only where it could not go on. */
const VALUE = [
  String.raw`"(?:[^"\\]|\\[^])*"`,
  String.raw`'(?:[^']|'')*'`,
  String.raw`\\+"[^"]*"`,
  String.raw`\{[^}]*\}`,
  String.raw`\[[^\]]*\]`,
  String.raw`[|>][-+\d]*[ \t]*(?:\n(?:[ \t][^\n]*|(?=\n)))+`,
  String.raw`(?:[^,}\n]|,(?!${NEXT_NAME})|\}(?![ \t]*(?:[,}\]]|$)))+`,
].join('|');

const NAMED = new RegExp(`(${NAME}${NAME_END})(?:${VALUE})`, 'gim');

/** `name: DB_PASSWORD, value: x`, a header or a variable in a list. */
const LISTED = new RegExp(
  String.raw`(\b(?:name|key)${NAME_END}\\*["']?[\w.-]*${NAME}\\*["']?\s*,?\s*\\*["']?value${NAME_END})(?:${VALUE})`,
  'gim',
);

/** Shorter secrets are masked where they stand, and not looked for elsewhere: they would be in every word. */
const SHORTEST_TO_FIND = 8;

/**
 * A text, perhaps YAML or JSON, without its secrets.
 *
 * @param known further ones, masked wherever they occur
 */
export function maskText(text: string, known: readonly string[] = []): string {
  const shown = maskShapes(text).replaceAll(NAMED, `$1${MASK}`).replaceAll(LISTED, `$1${MASK}`);
  return known
    .filter((secret) => secret.length >= SHORTEST_TO_FIND)
    .toSorted((a, b) => b.length - a.length) // one may be the beginning of another
    .reduce((rest, secret) => rest.replaceAll(secret, MASK), shown);
}
