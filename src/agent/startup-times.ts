// Notes what the start waits for where it happens: the token that is read, the certificate that is signed, the
// configuration that Envoy accepts. Each part is wrapped and works as before.

import type { CertificateAuthority } from '../security/ca/certificate-authority.ts';
import type { TokenSource } from '../security/upstream/token-source.ts';
import { CLUSTER_TYPE, LISTENER_TYPE } from '../xds/type-urls.ts';
import type { ProxyMetrics } from '../xds-proxy/metrics.ts';
import type { StartupTimeline } from './startup-timeline.ts';

export type ErrandTimes = Pick<StartupTimeline, 'begun' | 'done'>;

/** Its first token is noted. */
export function timedToken(source: TokenSource, times: ErrandTimes): TokenSource {
  return {
    async read(signal) {
      times.begun('token');
      const token = await source.read(signal);
      if (token !== undefined) times.done('token');
      return token;
    },
    get expiresMs() {
      return source.expiresMs;
    },
    run: (signal) => source.run(signal),
  };
}

/** Its first answer is noted. The errand has begun before it is asked: with the making of a key. */
export function timedAuthority(ca: CertificateAuthority, times: ErrandTimes): CertificateAuthority {
  return {
    async signCsr(...request) {
      const chain = await ca.signCsr(...request);
      times.done('csr');
      return chain;
    },
    rootBundle: (signal) => ca.rootBundle(signal),
    close: () => ca.close(),
  };
}

/** The first clusters and the first listeners that Envoy accepts are noted. */
export function timedProxy(metrics: ProxyMetrics, times: Pick<StartupTimeline, 'reached'>): ProxyMetrics {
  return {
    ...metrics,
    accepted: (typeUrl, afterMs) => {
      if (typeUrl === CLUSTER_TYPE) times.reached('cds');
      if (typeUrl === LISTENER_TYPE) times.reached('lds');
      metrics.accepted(typeUrl, afterMs);
    },
  };
}
