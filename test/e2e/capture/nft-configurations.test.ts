import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import { type CaptureSettings, resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { planNftRules } from '../../../iptables/nft/plan.ts';
import { parseRuleset } from '../../../iptables/nft/ruleset.ts';
import { applyText, cleanupText, restoreText } from '../../../iptables/nft/transaction.ts';
import { anySettings } from '../../iptables/any-settings.ts';
import { NetworkNamespace, namespaceObstacle } from '../../iptables/network-namespace.ts';

/** A kernel that holds only own tables. */
class Kernel {
  readonly #namespace: NetworkNamespace;

  constructor(namespace: NetworkNamespace) {
    this.#namespace = namespace;
  }

  list(): Promise<string> {
    return this.#namespace.shell('nft -s list ruleset');
  }

  async load(input: string): Promise<void> {
    const { code, stderr } = await this.#namespace.run('nft', ['-f', '-'], { input });
    assert.equal(code, 0, `${stderr}\n${input}`);
  }

  /** Replaces what is there by the rules of these settings, as a run does. */
  async apply(settings: CaptureSettings): Promise<string> {
    const { own } = parseRuleset(await this.list());
    await this.load(applyText(planNftRules(resolveCapture(settings)), own));
    return this.list();
  }
}

const RUNS = 25;
const obstacle = namespaceObstacle(['nft']);

describe('native nftables of random configurations', function () {
  this.timeout(120_000);

  if (obstacle !== undefined && process.env['CI'] !== 'true') {
    console.log(`    random configurations are not tried on a real kernel: ${obstacle}`);
    return;
  }

  it('are taken by the kernel, are the same again, replace each other, and leave nothing', async () => {
    await using namespace = await NetworkNamespace.create();
    const kernel = new Kernel(namespace);

    const property = fc.asyncProperty(anySettings, anySettings, async (first, second) => {
      const alone = await kernel.apply(second);
      await kernel.load(cleanupText());
      const once = await kernel.apply(first);

      assert.equal(await kernel.apply(first), once);
      assert.equal(await kernel.apply(second), alone);
      await kernel.load(restoreText(parseRuleset(once).ownText));
      assert.equal(await kernel.list(), once);
      await kernel.load(cleanupText());
      assert.equal(await kernel.list(), '');
    });

    await fc.assert(property, { numRuns: RUNS });
  });
});
