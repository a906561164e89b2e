// Brings the bootstrap, which knows the extensions of Istio it asks for, and the Envoy that will be run together.

import type { AgentConfig } from '../config/agent-config.ts';
import { findEnvoyBinary } from '../envoy/process/binary.ts';
import { ExtensionCheck } from '../envoy/process/extension-check.ts';
import type { ShortRunDeps } from '../envoy/process/short-run.ts';
import type { Log } from '../runtime/log.ts';
import type { FindLacking } from './effective-bootstrap.ts';

/** Looks for the binary and runs it only when it is asked about an extension, and then once for each. */
export function lackingExtensions(
  { envoy }: AgentConfig,
  { clock, spawn, log }: ShortRunDeps & { readonly log: Log },
  signal: AbortSignal,
): FindLacking {
  const warn = (message: string): void => log.warn(message);
  const { environment: env, user } = envoy;
  let check: ExtensionCheck | undefined;
  return async (extensions) => {
    try {
      const binaryPath = await findEnvoyBinary(envoy.binary);
      check ??= new ExtensionCheck({ clock, spawn, warn }, { binaryPath, env, user });
    } catch {
      return []; // there is no Envoy: whoever is to start it says so
    }
    return check.lacking(extensions, signal);
  };
}
