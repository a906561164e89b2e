import assert from 'node:assert/strict';

import { GUARDRAILS } from '../../../iptables/state/guardrails.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { FakeNft } from '../nft/fake-nft.ts';
import { reportRun } from '../report/report-run.ts';

const explain = (packet: string, more: { live?: boolean; form?: 'text' | 'json' } = {}) => ({
  report: { kind: 'explain' as const, packet, live: false, form: 'text' as const, ...more },
});
const CALL = 'dst=10.9.0.1,dport=5432,uid=1000';

describe('explain', () => {
  it('names every rule met, what it is for, what was assumed, and where the packet ends', async () => {
    const kernel = new FakeKernel();

    const { printed } = await reportRun(kernel, explain(CALL));

    assert.deepEqual(printed, [
      'Packet: outbound tcp, from 10.1.2.3, to 10.9.0.1:5432, by eth0, of user 1000, of group 1000, connection NEW',
      'Assumed: it is TCP; it comes from 10.1.2.3; it leaves by eth0; its group is 1000; it is the first of its connection',
      'Rules: those that a run with these flags sets, for IPv4 by iptables',
      '  nat: -A OUTPUT -j ISTIO_OUTPUT',
      '      everything that leaves: goes on in ISTIO_OUTPUT',
      '  nat: -A ISTIO_OUTPUT -j ISTIO_REDIRECT',
      '      every other address: goes on in ISTIO_REDIRECT',
      '  nat: -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15001',
      "      to the proxy's outbound listener: goes to port 15001",
      "Verdict: REDIRECT: it goes to port 15001, the proxy's outbound listener, instead of 10.9.0.1:5432.",
    ]);
    assert.deepEqual(kernel.calls, []);
  });

  it('gives programs the verdict and the path', async () => {
    const { printed } = await reportRun(new FakeKernel(), {
      ...explain('hook=outbound,proto=udp,dst=10.9.0.1,dport=53,uid=1,gid=1', { form: 'json' }),
      redirectDNS: true,
      captureAllDNS: true,
    });

    const { verdict, port, ctZone, path, assumed } = JSON.parse(printed.join('\n')) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      { verdict, port, ctZone, assumed },
      { verdict: 'REDIRECT', port: 15_053, ctZone: 2, assumed: [] },
    );
    assert.ok(Array.isArray(path));
    assert.equal(path[0], 'raw: -A OUTPUT -j ISTIO_OUTPUT_DNS');
    assert.equal(path.at(-1), 'nat: -A ISTIO_OUTPUT_DNS -p udp --dport 53 -j REDIRECT --to-port 15053');
  });

  for (const [packet, words] of [
    [
      'dst=10.9.0.1,dport=80,uid=1337',
      /PASS: it goes to 10.9.0.1:80, where it was sent: the proxy's own traffic is never captured\.$/,
    ],
    ['dst=10.9.0.1,dport=80,proto=udp', /PASS: .* ISTIO_REDIRECT has no rule for it\.$/],
    ['src=10.9.0.1,dst=10.1.2.3,dport=15021', /PASS: .* excluded inbound port 15021\.$/],
    ['src=10.9.0.1,dst=10.1.2.3,dport=7,proto=udp', /PASS: .* no rule looks at it\.$/],
    ['src=10.9.0.1,dst=10.1.2.3,dport=80', /REDIRECT: it goes to port 15006, the proxy's inbound listener/],
    ['dst=10.9.0.1,dport=80,ctstate=ESTABLISHED', /only the first packet of a connection can be redirected/],
    ['dst=fd00::9,dport=80', /no rule looks at it\.$/],
  ] as const) {
    it(`says of ${packet} why it ends there`, async () => {
      const { printed } = await reportRun(new FakeKernel(), explain(packet));

      assert.match(printed.at(-1) ?? '', words);
    });
  }

  it('says that IPv6 is not captured', async () => {
    const { printed } = await reportRun(new FakeKernel(), explain('dst=fd00::9,dport=80'));

    assert.ok(printed.includes('Rules: none: a run with these flags captures no IPv6'));
  });

  it('says that a clean-up leaves nothing to explain, unless it is to tell what is there now', async () => {
    const kernel = new FakeKernel();
    await reportRun(kernel, {});

    const cleaned = await reportRun(kernel, { ...explain(CALL), cleanup: 'only' });
    const live = await reportRun(kernel, { ...explain(CALL, { live: true }), cleanup: 'only' });

    assert.ok(cleaned.printed.some((line) => line.startsWith('Rules: none: a clean-up')));
    assert.match(cleaned.printed.at(-1) ?? '', /PASS: .* no rule looks at it/);
    assert.match(live.printed.at(-1) ?? '', /REDIRECT: it goes to port 15001/);
  });

  it('names a rule of others that it cannot decide', async () => {
    const kernel = new FakeKernel();
    kernel.change('-t nat -A OUTPUT -p tcp -m set --match-set blocked dst -j DROP');
    kernel.change('-t nat -A OUTPUT -p udp -m set --match-set blocked dst -j DROP');

    const { printed } = await reportRun(kernel, explain(CALL, { live: true }));

    assert.deepEqual(
      printed.filter((line) => line.startsWith('Cannot be decided')),
      [
        'Cannot be decided here, and taken for not met: nat: -A OUTPUT -p tcp -m set --match-set blocked dst -j DROP',
      ],
    );
  });

  it('warns of guards that a killed run has left', async () => {
    const kernel = new FakeKernel();
    for (const { chain, spec } of GUARDRAILS) kernel.change(`-t filter -A ${chain} ${spec.join(' ')}`);

    const { printed } = await reportRun(kernel, explain(CALL, { live: true }));

    assert.ok(printed.some((line) => /^Rules: .* guards of a killed run drop all TCP and UDP/.test(line)));
  });

  it('fails where nothing can show the rules of the family', async () => {
    const { error } = await reportRun(
      new FakeKernel(['iptables-nft']),
      explain('dst=fd00::9,dport=80', { live: true }),
    );

    assert.equal(error?.id, 'IPT-NO-TOOL');
    assert.match(error.message, /IPv6/);
  });

  it('shows what a packet meets when it comes in again over lo', async () => {
    const { printed } = await reportRun(new FakeKernel(), {
      ...explain('dst=10.1.2.3,dport=15008,uid=1337'),
      inboundInterceptionMode: 'TPROXY',
    });

    assert.ok(printed.includes('It comes in again over lo, where it meets:'));
    assert.match(
      printed.at(-1) ?? '',
      /TPROXY: the proxy's inbound listener at port 15006 gets it, addressed to 10.1.2.3:15008/,
    );
  });

  it('goes by the rules in the kernel when asked to, and only reads them', async () => {
    const kernel = new FakeKernel();
    const empty = await reportRun(kernel, explain(CALL, { live: true }));
    await reportRun(kernel, {});
    const before = kernel.calls.length;

    const full = await reportRun(kernel, explain(CALL, { live: true }));

    assert.match(empty.printed.at(-1) ?? '', /PASS: .* no rule looks at it/);
    assert.ok(full.printed.includes("      to the proxy's outbound listener: goes to port 15001"));
    assert.ok(kernel.calls.slice(before).every((call) => call.endsWith('-save')));
  });

  it('goes by rules of nftables', async () => {
    const nft = new FakeNft();
    nft.ruleset = 'table inet istio-proxy-nat {\n\tchain output {\n\t\ttcp dport 5432 counter drop\n\t}\n}\n';

    const planned = await reportRun(nft, { ...explain(CALL), nativeNftables: true });
    const live = await reportRun(nft, { ...explain(CALL, { live: true }), nativeNftables: true });

    assert.ok(planned.printed.includes('  nat: istio-output counter jump istio-redirect'));
    assert.match(planned.printed.at(-1) ?? '', /REDIRECT: it goes to port 15001/);
    assert.equal(live.printed.at(-1), 'Verdict: DROP: it is thrown away, and nobody answers.');
    assert.deepEqual(nft.loaded, []);
  });

  it('ends with one error for a packet that it cannot read', async () => {
    const { error, printed } = await reportRun(new FakeKernel(), explain('nonsense'));

    assert.equal(error?.id, 'IPT-BAD-PACKET');
    assert.deepEqual(printed, []);
  });
});
