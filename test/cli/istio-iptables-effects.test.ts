import { deepEqual, doesNotMatch, match } from 'node:assert/strict';

import { runCapture } from '../../iptables/capture.ts';
import { FakeKernel } from '../iptables/fake-kernel.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { parsedCapture } from '../support/parsed-capture.ts';
import { recordingLog } from '../support/recording-log.ts';

const POD = '-p 15001 -z 15006 -u 1337 -m REDIRECT -i * -b * -d 15090,15021,15020';

type Env = Readonly<Record<string, string>>;

/** The dry run of these words in a pod with one IPv4 and one IPv6 address. */
async function rules(words: string, env: Env = {}): Promise<string> {
  const { request } = await parsedCapture([...words.split(' '), '--dry-run'], env);
  const printed: string[] = [];
  const deps = {
    run: new FakeKernel().run,
    host: {
      addresses: async () => ['10.1.2.3', '2001:db8::1'],
      interfaces: async () => new Set(['eth0', 'eth1', 'net1']),
      readText: async (path: string) =>
        path === '/etc/passwd' ? 'proxy:x:2000:3000::/:/bin/false\n' : 'nameserver 10.96.0.10\n',
      uid: () => 0,
    },
    clock: new FakeClock(),
    log: recordingLog().log,
    print: (line: string) => void printed.push(line),
    env: {},
  };
  await runCapture(deps, request, AbortSignal.any([]));
  return printed.join('\n');
}

/** The dry run of an injected pod with these words behind; the last of repeated flags counts. */
function podRules(words: string, env: Env = {}): Promise<string> {
  return rules(`${POD} ${words}`.trim(), env);
}

describe('the rules of istio-iptables', () => {
  it('redirect what goes out to the port of -p', async () => {
    match(await podRules('-p 16001'), /-A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 16001\n/);
  });

  it('redirect what comes in to the port of -z', async () => {
    match(await podRules('-z 16006'), /-A ISTIO_IN_REDIRECT -p tcp -j REDIRECT --to-ports 16006\n/);
  });

  it('leave the port of -e alone', async () => {
    match(await podRules('-e 16008'), /-A ISTIO_INBOUND -p tcp --dport 16008 -j RETURN\n/);
  });

  it('leave alone what the users of -u and the groups of -g send', async () => {
    const text = await podRules('-u 2000,2001 -g 3000');

    for (const uid of [2000, 2001]) match(text, ownerRule('uid', uid));
    match(text, ownerRule('gid', 3000));
  });

  it('leave alone what the user of ENVOY_USER sends when no -u says more', async () => {
    const text = await rules('-i * -b *', { ENVOY_USER: 'proxy' });

    match(text, ownerRule('uid', 2000));
  });

  it('keep source addresses with -m TPROXY, by the mark of -t', async () => {
    const text = await podRules('-m TPROXY -t 1400');

    match(text, /-A ISTIO_TPROXY .* -j TPROXY --tproxy-mark 1400\/0xffffffff --on-port 15006\n/);
    doesNotMatch(await podRules(''), /TPROXY/);
  });

  it('capture the inbound ports of -b alone', async () => {
    const text = await podRules('-b 8080');

    match(text, /-A ISTIO_INBOUND -p tcp --dport 8080 -j ISTIO_IN_REDIRECT\n/);
    doesNotMatch(text, /-A ISTIO_INBOUND -p tcp -j ISTIO_IN_REDIRECT\n/);
  });

  it('leave the inbound ports of -d alone when all are captured', async () => {
    match(await podRules('-d 9000'), /-A ISTIO_INBOUND -p tcp --dport 9000 -j RETURN\n/);
  });

  it('leave the interfaces of -c alone', async () => {
    const text = await podRules('-c eth1');

    match(text, /-A PREROUTING -i eth1 -j RETURN\n-A OUTPUT -o eth1 -j RETURN\n/);
  });

  it('capture the address ranges of -i alone', async () => {
    const text = await podRules('-i 10.0.0.0/8');

    match(text, /-A ISTIO_OUTPUT -d 10.0.0.0\/8 -j ISTIO_REDIRECT\n/);
    doesNotMatch(text, /-A ISTIO_OUTPUT -j ISTIO_REDIRECT\n/);
  });

  it('leave the address ranges of -x alone', async () => {
    match(await podRules('-x 10.1.0.0/16'), /-A ISTIO_OUTPUT -d 10.1.0.0\/16 -j RETURN\n/);
  });

  it('capture the outbound ports of -q at every address', async () => {
    match(await podRules('-q 5432'), /-A ISTIO_OUTPUT -p tcp --dport 5432 -j ISTIO_REDIRECT\n/);
  });

  it('leave the outbound ports of -o alone', async () => {
    match(await podRules('-o 3306'), /-A ISTIO_OUTPUT -p tcp --dport 3306 -j RETURN\n/);
  });

  it('take what comes in by the interfaces of -k for outbound', async () => {
    match(await podRules('-k net1'), /-I PREROUTING 1 -i net1 -j ISTIO_REDIRECT\n/);
  });

  it('bring queries for the servers of resolv.conf to the agent with --redirect-dns', async () => {
    const redirected = /--dport 53 -d 10.96.0.10\/32 -j REDIRECT --to-ports? 15053\n/;

    match(await podRules('--redirect-dns'), redirected);
    match(await podRules('', { ISTIO_META_DNS_CAPTURE: 'true' }), redirected);
  });

  it('bring every query to the agent with --capture-all-dns', async () => {
    const text = await podRules('--redirect-dns --capture-all-dns');

    match(text, /-A ISTIO_OUTPUT_DNS -p udp --dport 53 -j REDIRECT --to-port 15053\n/);
  });

  it('drop what belongs to no connection with --drop-invalid', async () => {
    match(await podRules('--drop-invalid'), /-m conntrack --ctstate INVALID -j ISTIO_DROP\n/);
    match(await podRules('', { INVALID_DROP: 'true' }), /-A ISTIO_DROP -j DROP\n/);
  });

  it('capture IPv6 beside IPv4 with --dual-stack', async () => {
    const ofIpv6 = /-s ::6\/128 -j RETURN\n/;

    match(await podRules('--dual-stack'), ofIpv6);
    match(await podRules('', { ISTIO_DUAL_STACK: 'true' }), ofIpv6);
    doesNotMatch(await podRules(''), ofIpv6);
  });

  it('capture the groups of ISTIO_OUTBOUND_OWNER_GROUPS alone', async () => {
    const text = await podRules('', { ISTIO_OUTBOUND_OWNER_GROUPS: '2000' });

    match(text, /-A ISTIO_OUTPUT -m owner ! --gid-owner 2000 -j RETURN\n/);
  });

  it('leave the groups of ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE alone', async () => {
    const text = await podRules('', { ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: '2000' });

    match(text, /-A ISTIO_OUTPUT -m owner --gid-owner 2000 -j RETURN\n/);
  });

  it('take the range of ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR for loopback', async () => {
    const text = await podRules('', { ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR: '127.0.0.0/8' });

    match(text, /-A ISTIO_OUTPUT -d 127.0.0.0\/8 -j RETURN\n/);
  });

  it('follow the variable of a flag that is not given', async () => {
    const text = await rules('-u 1337', {
      INBOUND_CAPTURE_PORT: '16006',
      INBOUND_TUNNEL_PORT: '16008',
      PROXY_GID: '3000',
      ISTIO_INBOUND_INTERCEPTION_MODE: 'REDIRECT',
      ISTIO_INBOUND_PORTS: '*',
      ISTIO_LOCAL_EXCLUDE_PORTS: '9000',
      ISTIO_EXCLUDE_INTERFACES: 'eth1',
      ISTIO_SERVICE_CIDR: '10.0.0.0/8',
      ISTIO_SERVICE_EXCLUDE_CIDR: '10.1.0.0/16',
      ISTIO_OUTBOUND_PORTS: '5432',
      ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE: '3306',
      KUBE_VIRT_INTERFACES: 'net1',
      REDIRECT_DNS: 'true',
      CAPTURE_ALL_DNS: 'true',
      DROP_INVALID: 'true',
      DUAL_STACK: 'true',
    });

    const wanted = [
      '--to-ports 16006',
      '--dport 16008 -j RETURN',
      '--gid-owner 3000',
      '--dport 9000 -j RETURN',
      '-i eth1 -j RETURN',
      '-d 10.0.0.0/8 -j ISTIO_REDIRECT',
      '-d 10.1.0.0/16 -j RETURN',
      '--dport 5432 -j ISTIO_REDIRECT',
      '--dport 3306 -j RETURN',
      '-i net1 -d 10.0.0.0/8 -j ISTIO_REDIRECT',
      '--dport 53 -j REDIRECT --to-port 15053',
      '-j ISTIO_DROP',
      '-s ::6/128 -j RETURN',
    ];
    deepEqual(
      wanted.filter((rule) => !text.includes(rule)),
      [],
    );
  });

  it('have the marks of the variables with TPROXY', async () => {
    const variables = {
      PROXY_UID: '2000',
      ISTIO_INBOUND_INTERCEPTION_MODE: 'TPROXY',
      ISTIO_INBOUND_TPROXY_MARK: '1400',
      ISTIO_INBOUND_PORTS: '*',
    };

    const text = await rules('-p 15001', variables);

    match(text, /--tproxy-mark 1400\/0xffffffff/);
    match(text, ownerRule('uid', 2000));
  });
});

function ownerRule(kind: 'uid' | 'gid', id: number): RegExp {
  return new RegExp(`-A ISTIO_OUTPUT -m owner --${kind}-owner ${id} -j RETURN\\n`);
}
