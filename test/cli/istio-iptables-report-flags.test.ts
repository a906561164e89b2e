import assert from 'node:assert/strict';

import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import { parsedCapture } from '../support/parsed-capture.ts';

async function parse(words: string, env: Readonly<Record<string, string>> = {}): Promise<CaptureRequest> {
  const { request } = await parsedCapture(words.split(' '), env);
  return request;
}

const packetOf = async (words: string): Promise<unknown> => {
  const { report } = await parse(words);
  return report?.kind === 'explain' ? report.packet : report;
};

describe('the flags of reports', () => {
  it('ask for no report when they are not given', async () => {
    const { report, comments } = await parse('-p 15001');

    assert.equal(report, undefined);
    assert.equal(comments, false);
  });

  it('tell a packet in one word, with and without =', async () => {
    assert.equal(await packetOf('--explain=hook=inbound,proto=tcp'), 'hook=inbound,proto=tcp');
    assert.equal(await packetOf('--explain hook=inbound,proto=tcp'), 'hook=inbound,proto=tcp');
  });

  it('tell a packet in pieces, and leave other words alone', async () => {
    assert.equal(
      await packetOf('--explain stray --from 10.0.0.5 --to 10.1.2.3:5432 --uid 1000'),
      'src=10.0.0.5,dst=10.1.2.3,dport=5432,uid=1000',
    );
    assert.equal(
      await packetOf('--explain --from fd00::5 --to [fd00::9]:80 --proto udp --gid 7 --out lo'),
      'src=fd00::5,dst=fd00::9,dport=80,proto=udp,gid=7,out=lo',
    );
    assert.equal(await packetOf('--explain --from 10.0.0.5:99 --in eth0'), 'src=10.0.0.5,sport=99,in=eth0');
  });

  it('ask for the rules in the kernel', async () => {
    const live = await parse('--explain=live:proto=tcp --to 10.0.0.1:80');
    const alone = await parse('--explain=live --to 10.0.0.1:80');
    const word = await parse('--explain live --to 10.0.0.1:80');

    assert.deepEqual(live.report, {
      kind: 'explain',
      packet: 'proto=tcp,dst=10.0.0.1,dport=80',
      live: true,
      form: 'text',
    });
    assert.equal(alone.report?.kind === 'explain' && alone.report.live, true);
    assert.deepEqual(word.report, alone.report);
  });

  it('ask for JSON by -o json, which leaves the ports of -o as they are', async () => {
    const env = { ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE: '99' };
    const beside = await parse('--plan -o 3306 -o json');
    const alone = await parse('--diff -o json', env);
    const run = await parse('-o json', env);

    assert.deepEqual(beside.report, { kind: 'plan', form: 'json' });
    assert.equal(beside.outboundPortsExclude, '3306');
    assert.deepEqual(alone.report, { kind: 'diff', form: 'json' });
    assert.equal(alone.outboundPortsExclude, '99');
    assert.equal(run.outboundPortsExclude, 'json');
    assert.equal((await parse('--preflight -o json')).preflight, 'json');
  });

  it('give every plan its form', async () => {
    for (const form of ['text', 'json', 'restore', 'commands', 'nft'] as const) {
      assert.deepEqual((await parse(`--plan=${form}`)).report, { kind: 'plan', form });
    }
    await assert.rejects(parse('--plan=xml'), /text or json or restore or commands or nft/);
  });

  it('ask for one report at a time, and for a flow only with --explain', async () => {
    await assert.rejects(parse('--diff --plan'), /only one of --diff and --plan at a time/);
    await assert.rejects(parse('--to 10.0.0.1:80'), /--to is only for --explain/);
  });

  it('cannot be set by variables, but comments can', async () => {
    const { report, comments } = await parse('-p 15001', {
      EXPLAIN: 'x',
      DIFF: 'text',
      PLAN: 'json',
      UID: '7',
      COMMENTS: 'true',
    });

    assert.equal(report, undefined);
    assert.equal(comments, true);
  });
});
