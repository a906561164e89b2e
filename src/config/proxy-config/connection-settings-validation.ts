// The limits of ProxyConfig.connectionSettings.

import { isJsonObject, type Json } from '../../runtime/json.ts';
import { durationMs } from './proto-scalars.ts';
import type { Problem } from './validation-problem.ts';

/** The least value of each number; absent is fine. */
const LEAST: Readonly<Record<string, number>> = {
  listenerPerConnectionBufferLimitBytes: 0,
  clusterPerConnectionBufferLimitBytes: 0,
  httpMaxConcurrentStreams: 1,
  http2InitialStreamWindowSize: 65_535,
  http2InitialConnectionWindowSize: 65_535,
  listenerConnectionLimit: 1,
  globalDownstreamConnectionLimit: 1,
};

export function connectionSettingsProblems(settings: Json | undefined): Problem[] {
  if (!isJsonObject(settings)) return [];
  return Object.entries(settings).flatMap(([name, value]) => {
    const field = `connectionSettings.${name}`;
    const least = LEAST[name];
    if (typeof value === 'number' && least !== undefined && value < least) {
      return [{ field, text: `${field} must be at least ${least}, not ${value}` }];
    }
    const isDuration = typeof value === 'string' && /^-?[\d.]+s$/.test(value);
    return isDuration && durationMs(value) < 0 ? [{ field, text: `${field} must not be negative` }] : [];
  });
}
