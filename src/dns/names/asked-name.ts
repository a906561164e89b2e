// A name as people write it, and whether it is one that can be asked for.

import { domainToASCII } from 'node:url';

/** As text, with the final dot: one byte less than as bytes. RFC 1035 section 2.3.4. */
const MAX_NAME_LENGTH = 254;
const MAX_LABEL_LENGTH = 63;

/** As it is asked for: in lower case, with a final dot, and of letters that DNS has. */
export function absolute(name: string): string {
  const written = isAscii(name) ? name : domainToASCII(name) || name;
  return `${written.toLowerCase()}${written.endsWith('.') ? '' : '.'}`;
}

/** Why nobody can ask for it; undefined for a name. @param name absolute */
export function nameProblem(name: string): string | undefined {
  if (name.length > MAX_NAME_LENGTH) return `a name has no more than ${MAX_NAME_LENGTH} characters`;
  const labels = name === '.' ? [] : name.slice(0, -1).split('.');
  if (labels.includes('')) return 'there is nothing between two of its dots';
  if (labels.some((label) => label.length > MAX_LABEL_LENGTH))
    return `a part of a name has no more than ${MAX_LABEL_LENGTH} characters`;
  return isAscii(name) ? undefined : 'it has characters that no host name has';
}

function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
