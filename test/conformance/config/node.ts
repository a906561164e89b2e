// Subject `node`: node metadata, labels and locality from variables and files.

import { deepEqual } from 'node:assert/strict';

import { parseDownwardApi } from '../../../src/config/pod-info.ts';
import { buildNode, type Node } from '../../../src/node/node.ts';
import type { Json } from '../../../src/runtime/json.ts';
import { PLAIN_INPUTS, nodeInput } from '../bootstrap/inputs.ts';
import { readAsExpected, type ExpectedError } from './outcome.ts';

interface GivenNode {
  readonly env?: Readonly<Record<string, string>>;
  /** Content of the labels file; absent: there is none. */
  readonly labels?: string;
  readonly proxyMetadata?: Readonly<Record<string, string>>;
}

interface ExpectedNode extends ExpectedError {
  /** Members of the metadata; null: not there. */
  readonly metadata?: Readonly<Record<string, Json>>;
  readonly locality?: Json;
  readonly warnings?: number;
}

export async function checkNode(given: GivenNode, expected: ExpectedNode): Promise<void> {
  const warnings: string[] = [];
  const node = await readAsExpected(() => nodeOf(given, (text) => warnings.push(text)), expected);
  if (node === undefined) return;
  for (const [key, value] of Object.entries(expected.metadata ?? {})) {
    deepEqual(node.metadata[key] ?? null, value, key);
  }
  if (expected.locality !== undefined) deepEqual(node.locality, expected.locality);
  deepEqual(warnings.length, expected.warnings ?? 0, warnings.join('\n'));
}

function nodeOf({ env = {}, labels, proxyMetadata = {} }: GivenNode, warn: (text: string) => void): Node {
  const inputs = {
    ...PLAIN_INPUTS,
    env,
    proxyConfig: { ...PLAIN_INPUTS.proxyConfig, proxyMetadata },
    podLabelsFile: labels === undefined ? null : parseDownwardApi(labels),
  };
  return buildNode(nodeInput(inputs), warn);
}
