// What a token says of itself. Nothing is verified: the agent only passes it on, and tokens need not be JWTs.

import { isJsonObject, parseJson, type Json } from '../../runtime/json.ts';

export interface TokenClaims {
  /** Milliseconds since the Unix epoch; undefined: it does not expire. */
  readonly expiresMs: number | undefined;
  readonly audiences: readonly string[];
}

/** The last moment a Date can hold. */
const LATEST_MS = 8.64e15;

/** Undefined for a token that is no JWT. */
export function tokenClaims(token: string): TokenClaims | undefined {
  const [, payload, signature] = token.split('.', 4);
  if (payload === undefined || signature === undefined) return undefined;
  const claims = parseJson(Buffer.from(payload, 'base64url').toString());
  if (!isJsonObject(claims)) return undefined;
  return { expiresMs: expiryOf(claims['exp']), audiences: textsOf(claims['aud']) };
}

function expiryOf(seconds: Json | undefined): number | undefined {
  const ms = typeof seconds === 'number' ? seconds * 1000 : NaN;
  return Math.abs(ms) <= LATEST_MS ? ms : undefined;
}

/** One text, or a list of them. */
function textsOf(value: Json | undefined): string[] {
  return [value].flat().filter((each) => typeof each === 'string');
}
