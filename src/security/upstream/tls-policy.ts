// TLS versions, ciphers and groups of upstream connections, narrowed by `COMPLIANCE_POLICY`.
// Upstream counterpart: istio pkg/security, EnforceGoCompliance.

import type { SecureContextOptions } from 'node:tls';

import type { Log } from '../../runtime/log.ts';

export type TlsPolicy = Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ecdhCurve'>;

const TLS12_FIPS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];
const TLS13_AES = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'];

const UNRESTRICTED: TlsPolicy = { minVersion: 'TLSv1.2' };

const POLICIES: ReadonlyMap<string, TlsPolicy> = new Map<string, TlsPolicy>([
  ['', UNRESTRICTED],
  [
    'fips-140-2',
    { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: TLS12_FIPS.join(':'), ecdhCurve: 'P-256' },
  ],
  [
    'fips-140-3',
    { minVersion: 'TLSv1.2', ciphers: [...TLS13_AES, ...TLS12_FIPS].join(':'), ecdhCurve: 'P-256:P-384' },
  ],
  ['pqc', { minVersion: 'TLSv1.3', ciphers: TLS13_AES.join(':'), ecdhCurve: 'X25519MLKEM768' }],
]);

/** @param name the value of `COMPLIANCE_POLICY`; an unknown one restricts nothing and is warned about */
export function tlsPolicy(name: string, log: Log): TlsPolicy {
  const policy = POLICIES.get(name);
  if (policy === undefined) log.warn(`unknown compliance policy: "${name}"`);
  return policy ?? UNRESTRICTED;
}
