// Whether a program runs beside a sidecar. The container of an application sees nothing of an injection but ports on
// loopback: so a flag or a variable tells, or else whether the agent's port is open.

import { flag, INT, wordKind, type FlagValues } from '../config/flag-rows.ts';
import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, errnoOf } from '../runtime/errors.ts';
import type { CliContext } from './context.ts';
import { exchangeHttp } from './http-exchange.ts';

const MODES = ['auto', 'required', 'none'] as const;

export const presenceFlags = {
  mesh: flag(
    'mesh',
    wordKind(...MODES),
    'auto',
    'Is there a sidecar: required (there must be), none, or auto, which looks for one.',
    undefined,
    { choices: MODES },
  ),
  meshTimeoutSeconds: flag(
    'meshTimeoutSeconds',
    INT,
    10,
    'For auto: seconds of refused connections that mean there is none.',
  ),
};

export interface SidecarPresence {
  /** `unseen`: nobody listened for as long as was waited. */
  readonly sidecar: 'expected' | 'none' | 'unseen';
  /** For people. */
  readonly why: string;
}

export interface PresenceSettings extends FlagValues<typeof presenceFlags> {
  /** A page of the agent; it is connected to, whatever it answers. */
  readonly url: string;
  readonly periodMs: number;
  readonly requestTimeoutMs: number;
}

/**
 * AGENT_SIDECAR_STATUS is what the injector writes into the pod's annotation `sidecar.istio.io/status`: the downward
 * API makes it a variable, an empty one where nothing was injected. It counts where the flag says auto.
 */
export async function sidecarPresence(
  settings: PresenceSettings,
  { env }: Pick<CliContext, 'env'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<SidecarPresence> {
  const { mesh } = settings;
  if (mesh === 'none') return { sidecar: 'none', why: '--mesh=none' };
  if (mesh === 'required') return { sidecar: 'expected', why: '--mesh=required' };
  const status = env['AGENT_SIDECAR_STATUS'];
  if (status === '') return { sidecar: 'none', why: 'AGENT_SIDECAR_STATUS is empty' };
  if (status !== undefined) return { sidecar: 'expected', why: 'AGENT_SIDECAR_STATUS is set' };
  return lookForSidecar(settings, clock, signal);
}

async function lookForSidecar(
  { url, meshTimeoutSeconds, periodMs, requestTimeoutMs }: PresenceSettings,
  clock: Clock,
  signal: AbortSignal,
): Promise<SidecarPresence> {
  const { host, origin } = new URL(url);
  const endMs = clock.monotonicMs() + meshTimeoutSeconds * SECOND_MS;
  while (await isRefused(origin, requestTimeoutMs, signal)) {
    const leftMs = endMs - clock.monotonicMs();
    if (leftMs <= 0) {
      return { sidecar: 'unseen', why: `nobody listened on ${host} for ${meshTimeoutSeconds} seconds` };
    }
    await clock.sleep(Math.min(periodMs, leftMs), signal);
  }
  return { sidecar: 'expected', why: `somebody listens on ${host}` };
}

async function isRefused(url: string, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  try {
    await exchangeHttp({ method: 'GET', url, timeoutMs }, signal);
    return false;
  } catch (error) {
    signal.throwIfAborted();
    return connectionRefused(error);
  }
}

/** True when the host said that nobody listens; @param error of `exchangeHttp` */
export function connectionRefused(error: unknown): boolean {
  return error instanceof AgentError && errnoOf(error.cause) === 'ECONNREFUSED';
}
