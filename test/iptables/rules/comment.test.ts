import assert from 'node:assert/strict';

import { planNftRules } from '../../../iptables/nft/plan.ts';
import { applyText } from '../../../iptables/nft/transaction.ts';
import { checkCommands } from '../../../iptables/rules/commands.ts';
import { commentFor } from '../../../iptables/rules/comment.ts';
import { planRules } from '../../../iptables/rules/plan.ts';
import { restoreText } from '../../../iptables/rules/restore.ts';
import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { podSettings } from '../settings-example.ts';

const PLAIN = resolveCapture(podSettings());
const COMMENTED = { ...PLAIN, comments: true };

describe('comments', () => {
  it('stand before the target of every rule, quoted for a restore and not for a command', () => {
    const { v4 } = planRules(COMMENTED);

    const lines = restoreText(v4)
      .split('\n')
      .filter((line) => line.startsWith('-A'));
    assert.equal(lines.length, v4.length);
    assert.ok(lines.every((line) => /-m comment --comment "sidecar-agent\/[^"]+" -j /.test(line)));
    assert.ok(
      checkCommands(v4)[0]?.includes("sidecar-agent/tunnel traffic reaches the proxy's own listener"),
    );
  });

  it('end every rule of nftables', () => {
    const rules = applyText(planNftRules(COMMENTED), new Set())
      .split('\n')
      .filter((line) => line.includes('counter'));

    assert.ok(rules.length > 10);
    assert.ok(rules.every((rule) => / comment "sidecar-agent\/[^"]+"$/.test(rule)));
  });

  it('are not there unless they are asked for', () => {
    assert.doesNotMatch(restoreText(planRules(PLAIN).v4), /comment/);
    assert.doesNotMatch(applyText(planNftRules(PLAIN), new Set()), /comment/);
  });

  it('are never longer than nftables takes', () => {
    assert.equal(commentFor('x'.repeat(500)).length, 127);
  });
});
