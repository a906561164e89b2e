// The embedded control plane: puts source, model, generation, CA and server together and runs them as one.

import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { Server } from '@grpc/grpc-js';
import type { JSONWebKeySet } from 'jose';

import { loadEnvoyApi } from '../proto/envoy-api.ts';
import { loadMessages } from '../proto/messages.ts';
import type { Clock } from '../runtime/clock.ts';
import { ConfigError } from '../runtime/errors.ts';
import { readTextIfExists } from '../runtime/files.ts';
import type { Log } from '../runtime/log.ts';
import { Authenticator } from './auth/authenticator.ts';
import { TokenIssuer } from './auth/token-issuer.ts';
import { parseKeySet, TokenVerifier } from './auth/token-verifier.ts';
import { CertificateAuthority } from './ca/certificate-authority.ts';
import { openRoot, ROOT_CERTIFICATE_FILE, type RootFiles } from './ca/root.ts';
import { nodeConfig } from './generation/node-config.ts';
import { EMPTY_SNAPSHOT, type Snapshot } from './model.ts';
import { AdsService } from './server/ads-service.ts';
import type { Authenticate } from './server/authenticated.ts';
import { registerCaService } from './server/ca-service.ts';
import { listen, type Listener } from './server/listener.ts';
import { DirectorySource } from './source/directory-source.ts';

export interface DiscoverySettings {
  /** Directory of YAML files with Envoy resources. */
  readonly configDirectory: string;
  /** Where root and keys are kept; made when it is not there. */
  readonly stateDirectory: string;
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Further DNS names and IP addresses under which clients reach this service. */
  readonly hosts: readonly string[];
  readonly trustDomain: string;
  /** Somebody else's root; undefined: the state directory's own. */
  readonly rootFiles: RootFiles | undefined;
  /** Keys of somebody else's tokens, accepted beside our own; undefined: none. */
  readonly jwksFile: string | undefined;
}

export interface DiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
}

export interface Discovery extends AsyncDisposable {
  readonly port: number;
  /** Absolute path of the root certificate clients must trust. */
  readonly rootCertificatePath: string;
  /** Open discovery streams. */
  connectionCount(): number;
  /** Ends every stream and releases port and directory. May be called twice. */
  close(): Promise<void>;
}

const OWN_NAMES = ['istiod.istio-system.svc', 'localhost', '127.0.0.1'];

/**
 * Starts the control plane.
 *
 * @throws ConfigError for a mistake in settings, keys or configuration files, before the port opens
 * @throws AgentError when the port cannot be opened
 */
export async function startDiscovery(settings: DiscoverySettings, deps: DiscoveryDeps): Promise<Discovery> {
  const { stateDirectory } = settings;
  await mkdir(stateDirectory, { recursive: true });
  const messages = loadMessages();
  const authority = await openAuthority(settings, deps.clock);
  const authenticate = await openAuthentication(settings, deps.clock);
  const state: { snapshot: Snapshot } = { snapshot: EMPTY_SNAPSHOT };
  const ads = new AdsService({
    messages,
    authenticate,
    configOf: (nodeId) => nodeConfig(state.snapshot, nodeId, messages),
    log: deps.log.child('ads'),
  });
  await using opened = new AsyncDisposableStack();
  const onSnapshot = (snapshot: Snapshot): void => {
    state.snapshot = snapshot;
    ads.pushAll();
  };
  opened.use(await openSource(settings, deps.log, onSnapshot));
  const listener = opened.use(
    await openListener(settings, authority, (server) => {
      ads.register(server);
      const sign = authority.sign.bind(authority);
      registerCaService(server, { messages, authenticate, sign, log: deps.log.child('ca') });
    }),
  );
  return runningDiscovery(settings, listener, ads, opened.move());
}

function runningDiscovery(
  { stateDirectory }: DiscoverySettings,
  { port }: Listener,
  ads: AdsService,
  opened: AsyncDisposableStack,
): Discovery {
  const close = (): Promise<void> => opened.disposeAsync();
  return {
    port,
    rootCertificatePath: resolve(join(stateDirectory, ROOT_CERTIFICATE_FILE)),
    connectionCount: () => ads.connectionCount,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function openAuthority(settings: DiscoverySettings, clock: Clock): Promise<CertificateAuthority> {
  const { stateDirectory, rootFiles, trustDomain } = settings;
  const root = await openRoot(stateDirectory, rootFiles, clock.now());
  return new CertificateAuthority({ root, trustDomain, now: () => clock.now() });
}

async function openAuthentication(settings: DiscoverySettings, clock: Clock): Promise<Authenticate> {
  const now = (): number => clock.now();
  const tokens = new TokenVerifier({ keySets: await keySets(settings), now });
  const authenticator = new Authenticator({ tokens, trustDomain: settings.trustDomain, now });
  return authenticator.identify.bind(authenticator);
}

async function keySets({ stateDirectory, jwksFile }: DiscoverySettings): Promise<JSONWebKeySet[]> {
  const own = { keys: [await (await TokenIssuer.open(stateDirectory)).publicKey()] };
  if (jwksFile === undefined) return [own];
  const text = await readTextIfExists(jwksFile);
  if (text === undefined) throw new ConfigError(`there is no file ${jwksFile}`);
  return [own, parseKeySet(text, jwksFile)];
}

async function openSource(
  { configDirectory }: DiscoverySettings,
  log: Log,
  onSnapshot: (snapshot: Snapshot) => void,
): Promise<DirectorySource> {
  const { encoder } = await loadEnvoyApi();
  return DirectorySource.open({ directory: configDirectory, encoder, log: log.child('source'), onSnapshot });
}

async function openListener(
  { address, port, hosts }: DiscoverySettings,
  authority: CertificateAuthority,
  register: (server: Server) => void,
): Promise<Listener> {
  const { chainPem, keyPem } = await authority.serverCertificate([...OWN_NAMES, ...hosts]);
  const pair = { certificateChainPem: chainPem, privateKeyPem: keyPem };
  return listen({ address, port, ...pair, clientRootPem: authority.rootPem, register });
}
