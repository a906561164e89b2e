// Who does the work of private keys inside Envoy, as ProxyConfig says it.
// Upstream: istio/api mesh/v1alpha1/proxy.proto PrivateKeyProvider.

import { parseDurationNs } from '../../runtime/duration.ts';
import { isJsonObject, textOf, type Json, type JsonObject } from '../../runtime/json.ts';

export const KEY_PROVIDERS = ['cryptomb', 'qat'] as const;

export interface PrivateKeyProvider {
  readonly name: (typeof KEY_PROVIDERS)[number];
  /** At least 1 ms. */
  readonly pollDelay: { readonly seconds: number; readonly nanos: number };
  /** Use the key without the provider where that is not available. */
  readonly fallback: boolean;
}

/** Envoy refuses a secret with a shorter one. */
const SHORTEST_NS = 1_000_000n;
const SECOND_NS = 1_000_000_000n;

/** @returns undefined when none is named; a poll delay that is too short becomes 1 ms */
export function privateKeyProviderOf(value: Json | undefined): PrivateKeyProvider | undefined {
  const chosen = chosenProvider(value);
  if (chosen === undefined) return undefined;
  const { name, settings } = chosen;
  const asked = askedDelayNs(settings);
  const ns = asked < SHORTEST_NS ? SHORTEST_NS : asked;
  const pollDelay = { seconds: Number(ns / SECOND_NS), nanos: Number(ns % SECOND_NS) };
  return { name, pollDelay, fallback: settings.fallback === true };
}

/** What is done otherwise than asked; undefined when nothing is. */
export function privateKeyProviderWarning(value: Json | undefined): string | undefined {
  const chosen = chosenProvider(value);
  if (chosen === undefined || askedDelayNs(chosen.settings) >= SHORTEST_NS) return undefined;
  const delay = textOf(chosen.settings.pollDelay);
  return `privateKeyProvider.${chosen.name}.pollDelay ${delay} is less than Envoy takes; it is 1ms`;
}

function chosenProvider(
  value: Json | undefined,
): { name: PrivateKeyProvider['name']; settings: JsonObject } | undefined {
  if (!isJsonObject(value)) return undefined;
  for (const name of KEY_PROVIDERS) {
    const settings = value[name];
    if (isJsonObject(settings)) return { name, settings };
  }
  return undefined;
}

function askedDelayNs(settings: JsonObject): bigint {
  const text = textOf(settings.pollDelay);
  return text === '' ? 0n : parseDurationNs(text);
}
