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

/** Undefined for an id of another form; empty parts are parts. */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  const [, trustDomain, namespace, serviceAccount] =
    /^spiffe:\/\/([^/]*)\/ns\/([^/]*)\/sa\/([^/]*)$/.exec(text) ?? [];
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined) return undefined;
  return { trustDomain, namespace, serviceAccount };
}

/** Which parts of an id of that form are empty, in words; of another form, none. */
export function emptyParts(spiffeId: string): string[] {
  const id = parseSpiffeId(spiffeId);
  if (id === undefined) return [];
  const parts = {
    'trust domain': id.trustDomain,
    namespace: id.namespace,
    'service account': id.serviceAccount,
  };
  return Object.entries(parts).flatMap(([name, part]) => (part === '' ? [name] : []));
}
