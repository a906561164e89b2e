// Which source of tokens `CREDENTIAL_FETCHER_TYPE` stands for.
// Upstream counterpart: istio security/pkg/credentialfetcher/fetcher.go.

import { aborted } from '../../runtime/tasks.ts';
import { FileToken } from './file-token.ts';
import { GceToken, type GceTokenDeps } from './gce-token.ts';
import type { TokenSource } from './token-source.ts';

export interface CredentialSettings {
  /** `GoogleComputeEngine` or `Mock`; anything else is the file. */
  readonly fetcherType: string;
  /** File of the token, absolute. */
  readonly tokenPath: string;
  readonly trustDomain: string;
  /** `GCE_METADATA_HOST`, a host with or without a port; empty: the usual one. */
  readonly metadataHost: string;
}

const GCE_METADATA_HOST = 'metadata.google.internal';
/** What the reference's mock sends. */
const MOCK_TOKEN = 'test_token';

export function openTokenSource(settings: CredentialSettings, deps: GceTokenDeps): TokenSource {
  const { fetcherType, tokenPath: path, trustDomain, metadataHost } = settings;
  if (fetcherType === 'Mock') return mockToken();
  if (fetcherType !== 'GoogleComputeEngine') return new FileToken({ path, ...deps });
  const metadataServer = `http://${metadataHost || GCE_METADATA_HOST}`;
  return new GceToken({ metadataServer, audience: trustDomain, path }, deps);
}

function mockToken(): TokenSource {
  return { read: async () => MOCK_TOKEN, expiresMs: undefined, run: aborted };
}
