import assert from 'node:assert/strict';

import { nftClues } from '../../../iptables/nft/clues.ts';
import { Nft } from '../../../iptables/nft/nft.ts';
import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { podSettings } from '../settings-example.ts';
import { answering, FakeNft } from './fake-nft.ts';

const CONFIG = resolveCapture(podSettings({ proxyGID: '1338' }));

const BY_USER =
  '\t\toifname "lo" ip daddr != 127.0.0.1 tcp dport != 15008 meta skuid 1337 counter jump istio-in-redirect\n';
const BY_GROUP = BY_USER.replace('skuid 1337', 'skgid 1338');

/** As nft lists it. */
function listing(rules: string, hooked = '\t\tcounter jump istio-output\n'): string {
  return [
    'table inet istio-proxy-nat {',
    '\tchain output {',
    `\t\ttype nat hook output priority dstnat; policy accept;\n${hooked}\t}`,
    `\tchain istio-output {\n${rules}\t}`,
    '\tchain istio-in-redirect {\n\t\tmeta l4proto tcp counter redirect to :15006\n\t}',
    '}',
    '',
  ].join('\n');
}

function clues(fake: FakeNft): Promise<readonly string[]> {
  return nftClues(new Nft(fake.run, { cniMode: false }), CONFIG, 'v4');
}

describe('nftClues', () => {
  it('names own chains, and nothing more when the rules that a probe needs are there', async () => {
    const fake = new FakeNft();
    fake.ruleset = listing(BY_USER + BY_GROUP);

    assert.deepEqual(await clues(fake), [
      'chains of nft: nat/output, nat/istio-output, nat/istio-in-redirect',
    ]);
  });

  it('names the rule that is absent', async () => {
    const fake = new FakeNft();
    fake.ruleset = listing(BY_GROUP);

    const [, absent, ...more] = await clues(fake);

    assert.match(
      absent ?? '',
      /^nft lacks the rule nat\/istio-output: oifname lo .* skuid 1337 counter jump/,
    );
    assert.deepEqual(more, []);
  });

  it('names the jump that is absent from the hook', async () => {
    const fake = new FakeNft();
    fake.ruleset = listing(BY_USER + BY_GROUP, '');

    const [, ...absent] = await clues(fake);

    assert.deepEqual(absent, ['nft lacks the rule nat/output: counter jump istio-output']);
  });

  it('says when there is no own chain', async () => {
    assert.deepEqual(await clues(new FakeNft()), ['chains of nft: none']);
  });

  it('says why nothing can be seen', async () => {
    const fake = new FakeNft();
    fake.intercept = answering('list', { stderr: 'Operation not permitted (you must be root)\n' });

    const [clue] = await clues(fake);

    assert.match(clue ?? '', /^nft cannot be asked: .*Operation not permitted/);
  });
});
