// What no program under test may print: a private key, or a token, whoever's it is.

/** A JSON web token has a header and a payload that are JSON objects, and a signature. */
const SHAPES = [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/];

/** @returns the line with the first secret, as far as it may be repeated; undefined when there is none */
export function secretIn(text: string): string | undefined {
  if (!text.includes('PRIVATE KEY') && !text.includes('eyJ')) return undefined; // nearly always, and cheap
  for (const shape of SHAPES) {
    const found = shape.exec(text);
    if (found === null) continue;
    const start = text.lastIndexOf('\n', found.index) + 1;
    return `${text.slice(start, found.index)}${found[0].slice(0, 12)}…`;
  }
  return undefined;
}

/** @param whose output it is. @throws when there is a secret in it */
export function forbidSecrets(text: string, whose: string): void {
  const found = secretIn(text);
  if (found !== undefined) throw new Error(`${whose} printed a private key or a token: ${found}`);
}
