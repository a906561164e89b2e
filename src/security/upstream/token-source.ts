// Where the workload's bearer token comes from, as whoever calls the control plane sees it.
// Upstream counterpart: istio security/pkg/credentialfetcher, CredFetcher.

export interface TokenSource {
  /**
   * The token to send, asked for at every call. Undefined when there is none: a client certificate may still do.
   *
   * @throws AgentError `fetch platform credential: …`
   */
  read(signal: AbortSignal): Promise<string | undefined>;

  /** When the newest known token is over, milliseconds since the Unix epoch; undefined: never, or not known. */
  readonly expiresMs: number | undefined;

  /** Watches over the token until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** What a header can carry; anything else would be refused, with its value in the error. */
const HEADER_TEXT = /^[\x20-\x7e]+$/;

/** Why a text cannot be sent as a token; undefined when it can. */
export function tokenProblem(token: string): string | undefined {
  if (token === '') return 'is empty';
  return HEADER_TEXT.test(token) ? undefined : 'holds characters that a header cannot carry';
}
