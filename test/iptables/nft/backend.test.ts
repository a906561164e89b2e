import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { runCapture } from '../../../iptables/capture.ts';
import { cleanupText } from '../../../iptables/nft/transaction.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { FakeKernel } from '../fake-kernel.ts';
import { podRequest } from '../settings-example.ts';
import { answering, FakeNft } from './fake-nft.ts';

/** A pod with one IPv4 address. */
function setUp(fake = new FakeNft()) {
  const logs = recordingLog();
  const printed: string[] = [];
  const deps = {
    run: fake.run,
    host: {
      addresses: async () => ['10.1.2.3'],
      interfaces: async () => new Set<string>(),
      readText: async () => '',
      uid: () => 0,
    },
    clock: new FakeClock(),
    log: logs.log,
    print: (line: string) => void printed.push(line),
    env: {},
  };
  const capture = (changes: Partial<CaptureRequest> = {}, signal = AbortSignal.any([])): Promise<void> =>
    runCapture(deps, podRequest({ nativeNftables: true, ...changes }), signal);
  return { fake, logs, printed, deps, capture };
}

const golden = (): Promise<string> => readFile(join(import.meta.dirname, 'golden/pod.nft'), 'utf8');

const OWN_TABLE = 'table inet istio-proxy-nat {\n\tchain output {\n\t}\n}\n';
const TPROXY: Partial<CaptureRequest> = { inboundInterceptionMode: 'TPROXY' };

describe('runCapture with native nftables', () => {
  it('loads one transaction and runs no iptables', async () => {
    const { fake, logs, capture } = setUp();

    await capture();

    assert.deepEqual(fake.loaded, [await golden()]);
    assert.ok(!fake.calls.some((call) => /tables-(?:restore|nft)|^ip6?tables /.test(call)));
    assert.match(
      logs.messages('info').join('\n'),
      /^nftables rules programmed:\nadd table inet istio-proxy-nat$/m,
    );
  });

  it('dumps the configuration under its own title', async () => {
    const { logs, capture } = setUp();

    await capture();

    const text = logs.messages('info').join('\n');
    assert.match(text, /^Istio nftables environment:\nENVOY_PORT=/m);
    assert.match(text, /^NATIVE_NFTABLES=true$/m);
  });

  it('prints a dry run line by line and runs nothing', async () => {
    const { fake, printed, capture } = setUp();

    await capture({ dryRun: true });

    assert.equal(printed.map((line) => `${line}\n`).join(''), await golden());
    assert.deepEqual(fake.calls, []);
  });

  it('prints the deletions of a clean-up in a dry run', async () => {
    const { fake, printed, capture } = setUp();

    await capture({ dryRun: true, cleanup: 'only' });

    assert.equal(printed.map((line) => `${line}\n`).join(''), cleanupText());
    assert.deepEqual(fake.calls, []);
  });

  it('touches nothing when rules are to be skipped', async () => {
    const { fake, logs, capture } = setUp();

    await capture({ skipRuleApply: true });

    assert.deepEqual(fake.calls, []);
    assert.match(logs.messages('info').join('\n'), /Skipping nftables apply/);
  });

  it('sets the routes after the rules', async () => {
    const { fake, capture } = setUp();

    await capture(TPROXY);

    const rules = fake.calls.indexOf('nft -f -');
    assert.ok(rules >= 0 && rules < fake.calls.indexOf('ip -4 rule add fwmark 1337 lookup 133'));
  });

  it('makes own tables as they were when the routes are refused', async () => {
    const { fake, capture } = setUp();
    fake.ruleset = OWN_TABLE;
    fake.intercept = answering('ip -4 rule add', { stderr: 'RTNETLINK answers: Invalid argument' });

    await assert.rejects(capture(TPROXY), /failed to configure routes/);

    assert.equal(fake.loaded.length, 2);
    assert.equal(fake.loaded[1], `${cleanupText()}${OWN_TABLE}`);
  });

  it('takes the rules back when it is told to stop before the end', async () => {
    const { fake, capture } = setUp();
    const stop = new AbortController();
    fake.intercept = ({ args }) => {
      if (args.join(' ') === '-f -') stop.abort(new Error('stopped'));
      return undefined;
    };

    await assert.rejects(capture({}, stop.signal), /stopped/);

    assert.deepEqual(fake.loaded, [await golden(), cleanupText()]);
  });

  it('says that rules may be left when going back fails too', async () => {
    const { fake, logs, capture } = setUp();
    let loads = 0;
    fake.intercept = (call) =>
      answering('ip -4 rule add', { stderr: 'refused' })(call) ??
      (call.args.join(' ') === '-f -' && ++loads === 2 ? { code: 1, stdout: '', stderr: 'busy' } : undefined);

    await assert.rejects(capture(TPROXY), /failed to configure routes/);

    assert.match(logs.messages('error').join(), /nftables rules of this run may be left: .*busy/);
  });

  it('removes tables and routes at clean-up, and sets none', async () => {
    const { fake, capture } = setUp();

    await capture({ ...TPROXY, cleanup: 'only' });

    assert.deepEqual(fake.loaded, [cleanupText()]);
    assert.ok(fake.calls.includes('ip -4 route del local default dev lo table 133 scope host'));
    assert.ok(!fake.calls.some((call) => call.includes('rule add')));
  });

  it('goes on when the present rules cannot be listed', async () => {
    const { fake, logs, capture } = setUp();
    fake.intercept = answering('list ruleset', { stderr: 'unknown expression' });

    await capture();

    assert.deepEqual(fake.loaded, [await golden()]);
    assert.match(logs.messages('warn').join(), /rules of an earlier run are taken for none/);
  });

  it('warns once of rules that an earlier run set through iptables', async () => {
    const { fake, logs, capture } = setUp();
    fake.ruleset = 'table ip nat {\n\tchain ISTIO_OUTPUT {\n\t}\n}\n';
    fake.outputs = { ip: '', 'iptables-legacy-save': '*nat\n:ISTIO_OUTPUT - [0:0]\nCOMMIT\n' };

    await capture();

    assert.deepEqual(logs.messages('warn'), [
      'rules of an earlier run without --native-nftables are still in iptables-nft, iptables-legacy, and capture ' +
        'traffic too: run istio-clean-iptables, then this command again',
    ]);
  });
});

describe('runCapture with iptables after a run with native nftables', () => {
  /** iptables over tables in memory, beside an nft that lists one own table. */
  function withTables() {
    const fake = new FakeNft();
    fake.ruleset = OWN_TABLE;
    const kernel = new FakeKernel();
    const { deps, logs } = setUp(fake);
    const run: typeof fake.run = (call) => (call.file === 'nft' ? fake.run(call) : kernel.run(call));
    const capture = (changes: Partial<CaptureRequest>): Promise<void> =>
      runCapture({ ...deps, run }, podRequest(changes), AbortSignal.any([]));
    return { fake, kernel, logs, capture };
  }

  it('warns once, with the remedy, and sets its rules', async () => {
    const { fake, kernel, logs, capture } = withTables();

    await capture({});

    assert.deepEqual(
      logs.messages('warn').filter((line) => line.includes('nftables')),
      [
        'nftables still holds rules of an earlier run with --native-nftables, which capture traffic too ' +
          '(inet istio-proxy-nat): run istio-clean-iptables, then this command again',
      ],
    );
    assert.match(kernel.saved(), /ISTIO_OUTPUT/);
    assert.deepEqual(fake.loaded, []);
  });

  it('removes those tables too when everything is cleaned up', async () => {
    const { fake, capture } = withTables();

    await capture({ cleanup: 'all' });

    assert.deepEqual(fake.loaded, [cleanupText()]);
  });

  it('leaves them when only the rules of its flags are cleaned up', async () => {
    const { fake, capture } = withTables();

    await capture({ cleanup: 'only' });

    assert.deepEqual(fake.loaded, []);
  });
});
