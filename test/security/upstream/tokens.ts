// Tokens that nobody accepts, of the form a service account's has.

/** @param expiresMs milliseconds since the Unix epoch */
export function unsignedToken(expiresMs: number, mark = ''): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ exp: expiresMs / 1000, aud: ['istio-ca'], mark })}.c2lnbmF0dXJl`;
}
