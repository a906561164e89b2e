// SPIFFE ids of a workload: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.

export interface SpiffeId {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** Nothing is escaped, and empty parts stay empty: the CA overrides them. */
export function formatSpiffeId({ trustDomain, namespace, serviceAccount }: SpiffeId): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** Which parts of an id of that form are empty, in words; of another form, none. */
export function emptyParts(spiffeId: string): string[] {
  const [whole, ...parts] = /^spiffe:\/\/([^/]*)\/ns\/([^/]*)\/sa\/(.*)$/.exec(spiffeId) ?? [];
  const names = ['trust domain', 'namespace', 'service account'];
  return whole === undefined ? [] : names.filter((_name, i) => parts[i] === '');
}
