// The workload's identity: from configuration to the dialers, the CA client and the manager of its secrets.
// Mistakes in files and settings are found here, before anything listens.

import { resolve } from 'node:path';

import { keyAlgorithmOf } from '../pki/keys.ts';
import { emptyParts, formatSpiffeId } from '../pki/spiffe.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { metadataText } from '../node/platform/metadata-server.ts';
import type { MessagesLoader } from '../proto/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { CertificateAuthority } from '../security/ca/certificate-authority.ts';
import { openCa } from '../security/ca/providers.ts';
import { caRoots, openXdsDialer } from '../security/upstream/control-plane.ts';
import type { CsrMeter } from '../security/ca/csr-meter.ts';
import { OutputCerts } from '../security/output-certs.ts';
import { SecretManager, type SecretManagerSettings } from '../security/secret-manager.ts';
import { openTokenSource } from '../security/upstream/credential-fetcher.ts';
import type { TokenSource } from '../security/upstream/token-source.ts';
import type { UpstreamDialer } from '../security/upstream/dialer.ts';
import {
  openFileCertificates,
  type FileCertificates,
  type FileCertificatesDeps,
} from './file-certificates.ts';
import { timedAuthority, timedToken, type ErrandTimes } from './startup-times.ts';

export interface IdentityDeps extends FileCertificatesDeps {
  readonly messages: MessagesLoader;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly meter: CsrMeter;
  readonly startup: ErrandTimes;
}

export interface Identity {
  readonly messages: MessagesLoader;
  readonly secrets: SecretManager;
  /** Undefined: there is none to ask. Whoever runs the agent closes it, after the secrets. */
  readonly ca: CertificateAuthority | undefined;
  readonly token: TokenSource;
  /** To the discovery service, with this workload's credentials. */
  readonly xdsDialer: UpstreamDialer;
  /** Whoever runs the agent closes them, after the secrets. */
  readonly fileCertificates: FileCertificates;
}

/**
 * @param servesFilesOnly another SDS server has the workload's certificate
 * @throws ConfigError | AgentError when the CA's kind is unknown, a root file missing or a key kind impossible
 */
export async function openIdentity(
  config: AgentConfig,
  deps: IdentityDeps,
  servesFilesOnly: boolean,
): Promise<Identity> {
  const { controlPlane } = config;
  const { clock, messages, log } = deps;
  const token = timedToken(tokenSource(config, deps), deps.startup);
  const fileCertificates = await openFileCertificates(config, deps);
  const { fileMounted } = fileCertificates;
  const ca = fileMounted || servesFilesOnly ? undefined : await openAuthority(config, deps, token);
  const secrets = openSecrets(config, deps, ca, fileCertificates);
  const xdsSettings = { ...controlPlane, fileMountedCerts: fileMounted };
  const xdsDialer = await openXdsDialer(xdsSettings, { token, clock, log: log.child('xdsproxy') });
  return { messages, secrets, ca, token, xdsDialer, fileCertificates };
}

function tokenSource(
  { identity, controlPlane, env }: AgentConfig,
  { clock, log }: IdentityDeps,
): TokenSource {
  return openTokenSource(
    {
      fetcherType: env.credentialFetcher,
      tokenPath: resolve(controlPlane.workingDirectory, identity.tokenPath),
      trustDomain: identity.trustDomain,
      metadataHost: env.gceMetadataHost,
    },
    {
      ask: (question, signal) => metadataText(question, clock, signal),
      clock,
      log: log.child('security'),
    },
  );
}

async function openAuthority(
  config: AgentConfig,
  deps: IdentityDeps,
  token: TokenSource,
): Promise<CertificateAuthority> {
  const { identity, controlPlane } = config;
  const { spiffeId, ...key } = secretSettings(config);
  keyAlgorithmOf(key); // a mistake to be told now, not at the first request
  const empty = emptyParts(spiffeId).join(' and ');
  if (empty !== '') deps.log.warn(`the CA decides who this is: ${spiffeId} has an empty ${empty}`);
  const { certSigner, caAttemptTimeoutMs: attemptTimeoutMs, caCallTimeoutMs: callTimeoutMs } = identity;
  const settings = { ...controlPlane, certSigner, attemptTimeoutMs, callTimeoutMs };
  const log = deps.log.child('citadelclient');
  const ca = await openCa({ settings, deps: { ...deps, token, log } }, caRoots(settings));
  return timedAuthority(ca, deps.startup);
}

/** @param ca undefined: only files give secrets */
function openSecrets(
  config: AgentConfig,
  deps: IdentityDeps,
  ca: CertificateAuthority | undefined,
  { files, crl }: FileCertificates,
): SecretManager {
  const { clock, random, meter } = deps; // by name: what else is in there may be called like a part of the manager
  const log = deps.log.child('cache');
  const sources = { ca, files, ...(crl && { crl }), ...outputCerts(config, clock, log) };
  return new SecretManager(secretSettings(config), { ...sources, clock, random, log, meter });
}

function outputCerts(
  { identity, controlPlane, env }: AgentConfig,
  clock: Clock,
  log: Log,
): { output?: OutputCerts } {
  const { outputCertsDir, isInCluster } = identity;
  const { outputCertsMode = isInCluster ? 0o644 : 0o600, outputCertsGid: groupId } = env;
  if (outputCertsDir === '') return {};
  const directory = resolve(controlPlane.workingDirectory, outputCertsDir);
  const settings = { directory, mode: outputCertsMode, ...(groupId !== undefined && { groupId }) };
  return { output: new OutputCerts(settings, { clock, log }) };
}

function secretSettings({ identity, env }: AgentConfig): SecretManagerSettings {
  const { trustDomain, namespace, serviceAccount } = identity;
  return {
    spiffeId: formatSpiffeId({ trustDomain, namespace, serviceAccount }),
    ttlMs: identity.ttlMs,
    graceRatio: identity.graceRatio,
    graceRatioJitter: identity.graceRatioJitter,
    intervalMs: env.rotationIntervalMs,
    pkcs8Key: identity.pkcs8Key,
    eccSignatureAlgorithm: identity.eccAlgorithm,
    eccCurve: identity.eccCurve,
    rsaKeySize: identity.rsaKeyBits,
    strictSpiffeId: identity.strictSpiffeId,
    certSigner: identity.certSigner,
  };
}
