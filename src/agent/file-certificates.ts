// The workload's certificates as far as they are files: whether a platform mounts them, which files stand for the
// workload, and who watches them.

import { resolve } from 'node:path';

import type { AgentConfig } from '../config/agent-config.ts';
import { GKE_PROVIDER, type ControlPlaneConfig } from '../config/identity-config.ts';
import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { watchDirectory } from '../runtime/watch.ts';
import { CrlFile } from '../security/files/crl-file.ts';
import { DirectoryWatches } from '../security/files/directory-watches.ts';
import type { FileMeter } from '../security/files/file-meter.ts';
import { FileSecrets } from '../security/files/file-secrets.ts';
import { findSystemBundle, NO_SYSTEM_BUNDLE } from '../security/files/secret-places.ts';
import {
  areThere,
  existingCertificates,
  gkeCertificates,
  mountedCertificates,
  type CertificatePaths,
} from '../security/mounted-certificates.ts';

export interface FileCertificatesDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly fileMeter: FileMeter;
}

export interface FileCertificates extends AsyncDisposable {
  /** Certificates are mounted: there is no CA to ask. */
  readonly fileMounted: boolean;
  readonly files: FileSecrets;
  /** Undefined: revocation lists are not wanted. */
  readonly crl: CrlFile | undefined;
}

const CRL_PATH = '/var/run/secrets/istio/crl/ca-crl.pem';

/** Nothing is watched before somebody asks. Whoever runs the agent closes it. */
export async function openFileCertificates(
  config: AgentConfig,
  deps: FileCertificatesDeps,
): Promise<FileCertificates> {
  const log = deps.log.child('cache');
  const { certFilePollMs: pollMs, fileDebounceMs: retryMs, caCrl } = config.env;
  const mode = await fileMode(config.controlPlane, deps.log);
  const directories = new DirectoryWatches({
    watchDirectory,
    meter: deps.fileMeter,
    faults: new CauseLog(log),
  });
  const watching = { ...deps, log, directories };
  const files = new FileSecrets(
    {
      workingDirectory: config.controlPlane.workingDirectory,
      own: isWrittenHere(mode.own, config) ? undefined : mode.own,
      systemBundle: await systemBundle(log),
      retryMs,
      pollMs,
    },
    { ...watching, meter: deps.fileMeter },
  );
  const crl = caCrl ? new CrlFile({ path: CRL_PATH, pollMs }, watching) : undefined;
  const close = async (): Promise<void> => {
    await Promise.all([files.close(), crl?.close()]);
    await directories.close();
  };
  return { fileMounted: mode.fileMounted, files, crl, [Symbol.asyncDispose]: close };
}

interface FileMode {
  readonly fileMounted: boolean;
  /** The files that stand for the workload. */
  readonly own: CertificatePaths;
}

async function fileMode(settings: ControlPlaneConfig, log: Log): Promise<FileMode> {
  const { workingDirectory, caProvider, fileMountedCerts } = settings;
  const mounted = mountedCertificates(workingDirectory);
  const isDetected = await areThere(mounted);
  if (isDetected) log.info('workload certificate files detected, creating secret manager without caClient');
  const isGke = caProvider === GKE_PROVIDER;
  const fileMounted = isDetected || isGke || fileMountedCerts;
  if (fileMounted) log.info('Workload is using file mounted certificates. Skipping connecting to CA');
  if (isDetected) return { fileMounted, own: mounted };
  return {
    fileMounted,
    own: isGke ? gkeCertificates(workingDirectory) : existingCertificates(workingDirectory),
  };
}

/** Files that this agent writes would else come back to it as somebody else's. */
function isWrittenHere({ directory }: CertificatePaths, { identity, controlPlane }: AgentConfig): boolean {
  const { outputCertsDir } = identity;
  return outputCertsDir !== '' && resolve(controlPlane.workingDirectory, outputCertsDir) === directory;
}

async function systemBundle(log: Log): Promise<string | undefined> {
  const path = await findSystemBundle();
  if (path === undefined) log.warn(NO_SYSTEM_BUNDLE);
  return path;
}
