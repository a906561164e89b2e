import assert from 'node:assert/strict';

import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { nftFindings } from '../../../iptables/nft/findings.ts';
import { podSettings } from '../settings-example.ts';
import { answering, FakeNft } from './fake-nft.ts';

const CONFIG = resolveCapture(podSettings({ proxyGID: '1338' }));

const BY_USER =
  '\t\toifname "lo" ip daddr != 127.0.0.1 tcp dport != 15008 meta skuid 1337 counter jump istio-in-redirect\n';
const BY_GROUP = BY_USER.replace('skuid 1337', 'skgid 1338');

function listing(rules: string): string {
  return `table inet istio-proxy-nat {\n\tchain istio-output {\n${rules}\t}\n}\n`;
}

describe('nftFindings', () => {
  it('names own chains, and nothing more when the rules that a probe needs are there', async () => {
    const fake = new FakeNft();
    fake.ruleset = listing(BY_USER + BY_GROUP);

    assert.deepEqual(await nftFindings(fake.run, CONFIG, 'v4'), [
      'chains of nft: istio-proxy-nat/istio-output',
    ]);
  });

  it('names the rule that is absent', async () => {
    const fake = new FakeNft();
    fake.ruleset = listing(BY_GROUP);

    const [, absent, ...more] = await nftFindings(fake.run, CONFIG, 'v4');

    assert.match(
      absent ?? '',
      /^nft lacks the rule nat\/istio-output: oifname lo .* skuid 1337 counter jump/,
    );
    assert.deepEqual(more, []);
  });

  it('says when there is no own chain', async () => {
    assert.deepEqual(await nftFindings(new FakeNft().run, CONFIG, 'v4'), ['chains of nft: none']);
  });

  it('says why nothing can be seen', async () => {
    const fake = new FakeNft();
    fake.intercept = answering('list', { stderr: 'Operation not permitted (you must be root)\n' });

    const [finding] = await nftFindings(fake.run, CONFIG, 'v4');

    assert.match(finding ?? '', /^nft cannot be asked: .*Operation not permitted/);
  });
});
