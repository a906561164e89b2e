// Secrets in JSON structures, masked: by the names of members, and wherever such a text occurs again.

import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { isSecretName, maskText } from './secrets.ts';
import { MASK } from '../runtime/redaction.ts';

/**
 * The same value without its secrets: what stands under a secret name, the `value` beside such a `name` (a header),
 * what texts hold, and wherever one of these occurs again.
 *
 * @param known further secrets, for example of the environment
 */
export function maskSecrets(value: Json, known: readonly string[] = []): Json {
  const found = new Set(known);
  collect(value, found);
  return masked(value, [...found]);
}

function collect(value: Json, found: Set<string>): void {
  for (const [name, member] of members(value)) {
    if (isSecretMember(value, name)) for (const text of texts(member)) found.add(text);
    collect(member, found);
  }
}

function masked(value: Json, known: readonly string[]): Json {
  if (typeof value === 'string') return maskText(value, known);
  if (Array.isArray(value)) return value.map((item) => masked(item, known));
  if (!isJsonObject(value)) return value;
  const pairs = Object.entries(value).map(([name, member]): [string, Json] => [
    name,
    isSecretMember(value, name) ? hidden(member) : masked(member, known),
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
