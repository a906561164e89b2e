// What a host says about a node, for tests.

import type { NodeFacts } from '../../../src/agent/node-facts.ts';
import { UNKNOWN_PLATFORM } from '../../../src/node/platform/platform.ts';

export function nodeFacts(changes: Partial<NodeFacts> = {}): NodeFacts {
  return {
    instanceIps: ['10.0.0.7'],
    platform: UNKNOWN_PLATFORM,
    credentialSocketExists: false,
    servesFilesOnly: false,
    ...changes,
  };
}
