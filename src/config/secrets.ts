// What nobody may read in a listing, a log or a shown bootstrap: which names hold secrets, and their values masked
// in structures and in texts.

import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';

/** What stands where a secret is not shown. */
export const MASK = '***';

const SECRET_WORDS = '(?:token|secret|password|passwd|authorization|cookie|api[_-]?key)';
const SECRET_NAME = new RegExp(`^(?:CA|XDS)_HEADER_|${SECRET_WORDS}$`, 'i');
/** `accessToken: x`, `"accessToken":"x"`, in YAML or JSON. */
const SECRET_IN_TEXT = new RegExp(
  `((?:\\b(?:CA|XDS)_HEADER_\\w+|${SECRET_WORDS})["']?\\s*[:=]\\s*)("(?:[^"\\\\]|\\\\.)*"|'[^']*'|[^,}\\n]+)`,
  'gi',
);
/** Shorter secrets are masked where they stand, and not looked for elsewhere: they would be in every word. */
const SHORTEST_TO_FIND = 8;

/** Whether a member, variable or header of this name holds a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A text that may hold YAML or JSON, the values of secret names in it masked. */
export function maskText(text: string): string {
  return text.replaceAll(SECRET_IN_TEXT, `$1${MASK}`);
}

/**
 * The same value without its secrets: what stands under a secret name, the `value` beside such a `name` (a header),
 * and wherever one of these texts occurs again.
 *
 * @param known further secrets, for example of the environment
 */
export function maskSecrets(value: Json, known: readonly string[] = []): Json {
  const found = new Set(known);
  collect(value, found);
  const sought = [...found].filter((text) => text.length >= SHORTEST_TO_FIND);
  return masked(value, sought);
}

function collect(value: Json, found: Set<string>): void {
  for (const [name, member] of members(value)) {
    if (isSecretMember(value, name)) for (const text of texts(member)) found.add(text);
    collect(member, found);
  }
}

function masked(value: Json, sought: readonly string[]): Json {
  if (typeof value === 'string') {
    return sought.reduce((text, secret) => text.replaceAll(secret, MASK), maskText(value));
  }
  if (Array.isArray(value)) return value.map((item) => masked(item, sought));
  if (!isJsonObject(value)) return value;
  const pairs = Object.entries(value).map(([name, member]): [string, Json] => [
    name,
    isSecretMember(value, name) ? hidden(member) : masked(member, sought),
  ]);
  return Object.fromEntries(pairs);
}

function members(value: Json): [string, Json][] {
  return typeof value === 'object' && value !== null ? Object.entries(value as JsonObject) : [];
}

function isSecretMember(parent: Json, name: string): boolean {
  if (!isJsonObject(parent)) return false;
  if (isSecretName(name)) return true;
  const { name: header, key } = parent;
  const title = typeof header === 'string' ? header : key;
  return name === 'value' && typeof title === 'string' && isSecretName(title);
}

function texts(value: Json): string[] {
  return typeof value === 'string' ? [value] : members(value).flatMap(([, member]) => texts(member));
}

/** An empty text and an absent one hold nothing, and that may be seen. */
function hidden(value: Json): Json {
  return value === '' || value === null ? value : MASK;
}
