// What cannot be read is no case that passes: an unknown or missing member fails by name.

export type Shape = Readonly<Record<string, unknown>>;

/** @throws Error naming the member and where it is */
export function checkShape(
  value: object,
  where: string,
  required: readonly string[],
  optional: readonly string[] = [],
): void {
  const known = new Set([...required, ...optional]);
  const unknown = Object.keys(value).filter((name) => !known.has(name));
  const missing = required.filter((name) => !Object.hasOwn(value, name));
  if (unknown.length > 0) throw new Error(`${where}: no rule for ${unknown.join(', ')}`);
  if (missing.length > 0) throw new Error(`${where}: ${missing.join(', ')} is missing`);
}
