// Whoever signs certificates for this agent, as the rest of it sees them. A new kind of CA is an implementation of
// this and a row in providers.ts. Upstream counterpart: istio pkg/security/security.go, Client.

/** One that is closed answers no more. */
export interface CertificateAuthority {
  /**
   * @param ttlSeconds lifetime to ask for, whole seconds
   * @returns PEM, leaf first, root last; one element may hold several certificates
   * @throws AgentError
   */
  signCsr(csrPem: string, ttlSeconds: number, signal: AbortSignal): Promise<readonly string[]>;

  /** The trust anchors, each PEM. Empty: they are the last element of every answer. @throws AgentError */
  rootBundle(signal: AbortSignal): Promise<readonly string[]>;

  /** Ends what is under way. May be called twice. */
  close(): Promise<void>;
}
