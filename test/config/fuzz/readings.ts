// What every property says of an input: the product reads it into something that can be written as JSON and read
// back, or refuses it with one ConfigError a person can read.

import { equal, ok } from 'node:assert/strict';

import { loadAgentConfig, type AgentConfig } from '../../../src/config/agent-config.ts';
import { ConfigError } from '../../../src/runtime/errors.ts';
import { agentConfigInput } from '../../support/agent-config-input.ts';

const LONGEST_ERROR = 2000;

/** What `read` gives; undefined when it refuses. */
export async function readOrRefused<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    ok(error.message.length <= LONGEST_ERROR, `an error of ${error.message.length} characters`);
    return undefined;
  }
}

/** It is written as JSON and read back the same. */
export function isSoundJson(value: unknown): void {
  const text = JSON.stringify(value);
  equal(JSON.stringify(JSON.parse(text)), text);
}

/** Its JSON text has no half of a surrogate pair, which only Go and Envoy would notice. */
export function hasWholeCharacters(value: unknown): void {
  ok(!/(?<!\\)(?:\\\\)*\\ud[89a-f]/i.test(JSON.stringify(value)), 'half a character');
}

export interface PodTexts {
  readonly environment?: AgentConfig['environment'];
  /** Content by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A sidecar's configuration, nothing asked over the network. */
export async function podConfig({ environment = {}, files = {} }: PodTexts): Promise<AgentConfig> {
  return loadAgentConfig(agentConfigInput({ environment, files, resolveHost: async () => ['10.0.0.9'] }));
}
