// The kinds of CA by the name `CA_PROVIDER` gives. A further kind is a factory in the map that openCa is given;
// CaOptions, CaRootProvider and CertificateAuthority are all it has to know, and stay as they are.
// Upstream counterpart: istio security/pkg/nodeagent/caclient/providers.go.

import { ConfigError } from '../../runtime/errors.ts';
import {
  caAddressOf,
  openCaDialer,
  type CaRootProvider,
  type ControlPlaneSettings,
} from '../upstream/control-plane.ts';
import type { UpstreamDeps } from '../upstream/dialer.ts';
import { FATAL_CA } from '../upstream/roots.ts';
import { CaClient, type CaClientDeps, type CaClientSettings } from './ca-client.ts';
import type { CertificateAuthority } from './certificate-authority.ts';

export interface CaOptions {
  readonly settings: ControlPlaneSettings & CaClientSettings;
  readonly deps: UpstreamDeps & Omit<CaClientDeps, 'dialer'>;
}

/** @throws ConfigError for settings with which this CA cannot be asked */
export type CaFactory = (options: CaOptions, roots: CaRootProvider) => Promise<CertificateAuthority>;

export type CaProviders = ReadonlyMap<string, CaFactory>;

export const CA_PROVIDERS: CaProviders = new Map([['Citadel', openCitadel]]);

/**
 * The CA of these settings; the caller closes it.
 *
 * @throws ConfigError when nobody provides this kind of CA, or its factory refuses the settings
 */
export async function openCa(
  options: CaOptions,
  roots: CaRootProvider,
  providers = CA_PROVIDERS,
): Promise<CertificateAuthority> {
  const { settings, deps } = options;
  const { caProvider: name } = settings;
  deps.log.info(`CA Endpoint ${caAddressOf(settings)}, provider ${name}`);
  const factory = providers.get(name);
  if (factory === undefined) throw new ConfigError(`${FATAL_CA} CA provider "${name}" not registered`);
  return factory(options, roots);
}

async function openCitadel({ settings, deps }: CaOptions, roots: CaRootProvider): Promise<CaClient> {
  return new CaClient(settings, { ...deps, dialer: await openCaDialer(settings, roots, deps) });
}
