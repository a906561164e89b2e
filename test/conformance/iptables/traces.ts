// Packets through the planned rules: the verdict, and every rule met on the way.

import assert from 'node:assert/strict';

import { type Packet, packetFamily } from '../../../iptables/explain/packet.ts';
import { type Verdict, walk } from '../../../iptables/explain/walk.ts';
import { plannedIptables } from '../../../iptables/model/rule-set.ts';
import { planRules } from '../../../iptables/rules/plan.ts';
import { type CaptureSettings, resolveCapture } from '../../../iptables/settings/capture-config.ts';
import type { ConformanceCase } from '../case.ts';

interface TraceCase {
  readonly name: string;
  readonly config: CaptureSettings;
  readonly packet: Packet;
  readonly expected: Verdict;
  readonly path: readonly string[];
}

export function* traceCases(data: unknown): Iterable<ConformanceCase> {
  for (const item of data as readonly TraceCase[]) {
    yield { name: `trace: ${item.name}`, run: async () => check(item) };
  }
}

function check({ config, packet, expected, path }: TraceCase): void {
  const rules = planRules(resolveCapture(config))[packetFamily(packet)];

  const { verdict, met } = walk(plannedIptables(rules), packet);

  assert.deepEqual(verdict, expected);
  assert.deepEqual(
    met.map(({ table, text }) => `${table}: ${text}`),
    path,
  );
}
