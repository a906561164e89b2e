// PEM text: finding the blocks in a file and writing one. What is inside a block is not looked at.

import { AgentError } from '../runtime/errors.ts';

/** Text that should hold PEM and does not, or a block of another kind than expected. */
export class PemError extends AgentError {}

export interface PemBlock {
  /** What stands after BEGIN, for example `CERTIFICATE`. */
  readonly label: string;
  readonly der: Buffer;
}

/** The bound on labels keeps the search linear in the text. */
const BLOCK = /-----BEGIN ([^\r\n]{1,64}?)-----\r?\n([^-]*)-----END \1-----/g;
/** Without white space: what may stand in several places of a pattern makes it slow for hostile text. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * The blocks of a text in order. Text outside blocks is skipped, as is a block whose END names another label;
 * an empty list is a valid answer.
 *
 * @throws PemError when the inside of a block is not Base64
 */
export function parsePem(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].map(([, label = '', body = '']) => {
    const der = pemBytes(body);
    if (der === undefined) throw new PemError(`a ${label} block is not Base64`);
    return { label, der };
  });
}

/** What the lines between BEGIN and END stand for; undefined when they are not Base64. */
export function pemBytes(body: string): Buffer | undefined {
  const base64 = body.replaceAll(/\s+/g, '');
  return BASE64.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

/** One block in 64 columns, `\n` line ends, with a final newline. */
export function formatPem({ label, der }: PemBlock): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/** The blocks as they are written, from BEGIN to END, without the line end that follows. */
export function pemTexts(text: string): string[] {
  return [...text.matchAll(BLOCK)].map(([block]) => block);
}

/**
 * Parts one after the other, each on a line of its own; a last part keeps the end it has.
 *
 * @see istio 1.31 security/pkg/nodeagent/cache/secretcache.go concatCerts
 */
export function concatPem(parts: readonly string[]): string {
  const last = parts.length - 1;
  return parts.map((part, i) => (i === last || part.endsWith('\n') ? part : `${part}\n`)).join('');
}
