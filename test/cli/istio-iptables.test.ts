import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import { parsedCapture, type ParsedCapture } from '../support/parsed-capture.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');

/** The request of a command line, and the warnings it gave. */
async function parse(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CaptureRequest & Pick<ParsedCapture, 'warnings'>> {
  const { request, warnings } = await parsedCapture(args, env);
  return { ...request, warnings };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function runAgent(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeArgs: readonly string[] = [],
): Promise<Ended> {
  const child = spawn(process.execPath, [...nodeArgs, AGENT, 'istio-iptables', ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close') as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

describe('the flags of istio-iptables', () => {
  it('mean in an injected pod what they mean upstream', async () => {
    const pod = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -x  -b * -d 15090,15021,15020';

    const request = await parse([...pod.split(' '), '--log_output_level=default:info']);

    assert.equal(request.proxyPort, '15001');
    assert.equal(request.inboundCapturePort, '15006');
    assert.equal(request.proxyUID, '1337');
    assert.equal(request.inboundInterceptionMode, 'REDIRECT');
    assert.equal(request.outboundIPRangesInclude, '*');
    assert.equal(request.outboundIPRangesExclude, '');
    assert.equal(request.inboundPortsInclude, '*');
    assert.equal(request.inboundPortsExclude, '15090,15021,15020');
  });

  it('have defaults of their own', async () => {
    const request = await parse([]);

    assert.equal(request.inboundTunnelPort, '15008');
    assert.equal(request.inboundTProxyMark, '1337');
    assert.equal(request.inboundTProxyRouteTable, '133');
    assert.equal(request.ownerGroupsInclude, '*');
    assert.equal(request.hostIPv4LoopbackCidr, '127.0.0.1/32');
    assert.equal(request.envoyUser, 'istio-proxy');
    assert.equal(request.cleanup, 'no');
  });

  it('win over the variables', async () => {
    const env = { ISTIO_INBOUND_PORTS: '90', INBOUND_CAPTURE_PORT: '16006', ENVOY_PORT: '9999' };

    const request = await parse(['-b', '80'], env);

    assert.equal(request.inboundPortsInclude, '80');
    assert.equal(request.inboundCapturePort, '16006');
    assert.equal(request.proxyPort, '15001');
  });

  it('give each variable to its flag', async () => {
    const request = await parse([], {
      ISTIO_INBOUND_TPROXY_ROUTE_TABLE: '144',
      DRY_RUN: 'true',
      IPTABLES_PROBE_PORT: '15003',
      PROBE_TIMEOUT: '2s',
      SKIP_RULE_APPLY: 'true',
      RUN_VALIDATION: 'true',
      NETWORK_NAMESPACE: '/run/netns/a',
      CNI_MODE: 'true',
      RECONCILE: 'true',
      CLEANUP_ONLY: 'true',
      FORCE_APPLY: 'true',
      NATIVE_NFTABLES: 'true',
      FORCE_IPTABLES_BINARY: 'legacy',
    });

    const { inboundTProxyRouteTable: table, probePort, probeTimeoutMs, networkNamespace: network } = request;
    assert.deepEqual([table, probePort, probeTimeoutMs, network], ['144', 15_003, 2000, '/run/netns/a']);
    const { dryRun, skipRuleApply, runValidation, cniMode, reconcile, forceApply, nativeNftables } = request;
    const switches = { dryRun, skipRuleApply, runValidation, cniMode, reconcile, forceApply, nativeNftables };
    for (const [name, value] of Object.entries(switches)) assert.equal(value, true, name);
    assert.deepEqual([request.cleanup, request.forceBinary], ['only', 'legacy']);
  });

  it('take a second variable before the one named after them', async () => {
    const env = { REDIRECT_DNS: 'true', ISTIO_META_DNS_CAPTURE: 'false', DROP_INVALID: 'true' };

    const request = await parse([], env);

    assert.equal(request.redirectDNS, false);
    assert.equal(request.dropInvalid, true);
  });

  it('become empty by an empty variable, and false by a word that is no bool, with a warning', async () => {
    const env = { INBOUND_CAPTURE_PORT: '', DROP_INVALID: 'true', INVALID_DROP: 'maybe' };

    const request = await parse([], env);

    assert.equal(request.inboundCapturePort, '');
    assert.equal(request.dropInvalid, false);
    assert.deepEqual(request.warnings, ['INVALID_DROP="maybe" is not a bool; taken as false']);
  });

  it('take a variable that cannot be read as nothing, not as the default', async () => {
    const env = { PROBE_TIMEOUT: '5', IPTABLES_PROBE_PORT: '99999', DUAL_STACK: '' };

    const request = await parse([], env);

    assert.equal(request.probeTimeoutMs, 0);
    assert.equal(request.probePort, 65_535);
    assert.equal(request.dualStack, false);
    assert.equal(request.warnings.length, 3);
  });

  it('take DNS_AGENT of old pods for DNS capture, unless something newer says more', async () => {
    const old = { DNS_AGENT: 'DNS-TLS' };

    assert.equal((await parse([], old)).redirectDNS, true);
    assert.equal((await parse([], { DNS_AGENT: '' })).redirectDNS, false);
    assert.equal((await parse([], { ...old, ISTIO_META_DNS_CAPTURE: 'false' })).redirectDNS, false);
    assert.equal((await parse(['--redirect-dns=false'], old)).redirectDNS, false);
  });

  it('let --reconcile be given alone, as a bool, or as auto', async () => {
    assert.equal((await parse(['--reconcile'])).reconcile, true);
    assert.equal((await parse(['--reconcile=false'])).reconcile, false);
    assert.equal((await parse(['--reconcile=auto'])).reconcile, 'auto');
    assert.equal((await parse([], { RECONCILE: 'auto' })).reconcile, 'auto');
    await assert.rejects(parse(['--reconcile=maybe']), /invalid argument "maybe"/);
  });

  it('let a report be text or JSON', async () => {
    assert.equal((await parse([])).preflight, 'no');
    assert.equal((await parse(['--preflight'])).preflight, 'text');
    assert.equal((await parse(['--preflight=json'])).preflight, 'json');
    await assert.rejects(parse(['--preflight=xml']), /text or json/);
  });

  it('leave a word after a bool flag alone', async () => {
    const request = await parse(['--redirect-dns', '--capture-all-dns', 'false', '--reconcile=false']);

    assert.equal(request.captureAllDNS, true);
    assert.equal(request.reconcile, false);
  });

  it('include one of old command lines that has no effect', async () => {
    await parse(['-f=false', '--restore-format']);
  });
});

describe('agent istio-iptables', () => {
  it('ends with 255 for a flag that does not exist', async () => {
    const { code, stderr } = await runAgent(['--foo']);

    assert.equal(code, 255);
    assert.match(stderr, /unknown flag: --foo/);
  });

  it('ends with 1 and one line for a value it cannot use', async () => {
    const { code, stderr } = await runAgent(['-b', 'abc']);

    assert.equal(code, 1);
    assert.equal(
      stderr,
      'Error: [IPT-BAD-PORT] invalid port "abc" for --istio-inbound-ports; ports are numbers from 1 to 65535; a list may also hold ranges such as 8000:8010\n',
    );
  });

  it('logs from the wanted level on', async () => {
    const quiet = await runAgent(['-b', 'abc', '--log_output_level=default:none']);
    const usual = await runAgent(['-b', 'abc']);

    assert.doesNotMatch(quiet.stdout, /Istio iptables environment/);
    assert.match(usual.stdout, /info\tIstio iptables environment:\nENVOY_PORT=/);
  });

  it('loads neither gRPC nor winston nor execa, and no report', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'modules.txt');
    const hook = join(import.meta.dirname, 'fixtures/loaded-modules.ts');

    await runAgent(['--dry-run'], { LOADED_MODULES_FILE: file }, ['--import', hook]);

    const loaded = (await readFile(file, 'utf8')).split('\n');
    const packages = new Set(loaded.map((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]));
    assert.ok(
      loaded.some((url) => url.endsWith('/iptables/state/apply.ts')),
      'the command was not loaded',
    );
    assert.deepEqual(
      loaded.filter((url) => /\/iptables\/(?:explain|model|report)\//.test(url)),
      [],
    );
    assert.deepEqual(
      [...packages].filter((name) => name !== undefined),
      ['commander'],
    );
  });
});
