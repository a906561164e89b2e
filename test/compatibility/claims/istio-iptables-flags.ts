// Flags of istio-iptables; the variables that also set them are in the tables of variables.

import { added, differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

const RULES = 'cli/istio-iptables-effects.test.ts';

export const istioIptablesFlags: Subject = {
  title: 'Flags of istio-iptables',
  introduction: '',
  column: 'Flag',
  names: 'code',
  claims: {
    '-p, --envoy-port': works(`${RULES}: redirect what goes out to the port of -p`),
    '-z, --inbound-capture-port': works(`${RULES}: redirect what comes in to the port of -z`),
    '-e, --inbound-tunnel-port': works(`${RULES}: leave the port of -e alone`),
    '-u, --proxy-uid': works(`${RULES}: leave alone what the users of -u and the groups of -g send`),
    '-g, --proxy-gid': works(`${RULES}: leave alone what the users of -u and the groups of -g send`),
    '-m, --istio-inbound-interception-mode': works(
      `${RULES}: keep source addresses with -m TPROXY, by the mark of -t`,
    ),
    '-b, --istio-inbound-ports': works(`${RULES}: capture the inbound ports of -b alone`),
    '-d, --istio-local-exclude-ports': works(
      `${RULES}: leave the inbound ports of -d alone when all are captured`,
    ),
    '-c, --istio-exclude-interfaces': works(`${RULES}: leave the interfaces of -c alone`),
    '-i, --istio-service-cidr': works(`${RULES}: capture the address ranges of -i alone`),
    '-x, --istio-service-exclude-cidr': works(`${RULES}: leave the address ranges of -x alone`),
    '-q, --istio-outbound-ports': works(`${RULES}: capture the outbound ports of -q at every address`),
    '-o, --istio-local-outbound-ports-exclude': works(`${RULES}: leave the outbound ports of -o alone`),
    '-k, --kube-virt-interfaces': works(`${RULES}: take what comes in by the interfaces of -k for outbound`),
    '-t, --istio-inbound-tproxy-mark': works(
      `${RULES}: keep source addresses with -m TPROXY, by the mark of -t`,
    ),
    '-r, --istio-inbound-tproxy-route-table': works(
      'iptables/routes.test.ts: routes marked packets locally in TPROXY mode, and not when nothing inbound is captured',
    ),
    '-n, --dry-run': works('e2e/iptables.test.ts: touches nothing in a dry run'),
    '-f, --restore-format': notYet(
      '1.31 does not know it any more; accepted for 1.7’s command lines, and rules are always restored as a whole.',
      'cli/istio-iptables.test.ts: include one of old command lines that has no effect',
    ),
    '--iptables-probe-port': works(
      'iptables/checks/capture-probe.test.ts: tries again each second, and says why a try failed',
      'cli/istio-iptables.test.ts: give each variable to its flag',
    ),
    '--probe-timeout': works(
      'e2e/iptables-validation.test.ts: fails with 126 after the time it was given when there are no rules',
    ),
    '--skip-rule-apply': works(
      'iptables/capture.test.ts: touches nothing when rules are to be skipped, whatever the ports are',
    ),
    '--run-validation': worksAnd(
      'A failure names the rule that is missing, or the user it had to run as.',
      'e2e/iptables-validation.test.ts: names the rule that is missing',
      'e2e/iptables-validation.test.ts: fails as another user, and says which user it had to be',
    ),
    '--redirect-dns': works(
      `${RULES}: bring queries for the servers of resolv.conf to the agent with --redirect-dns`,
    ),
    '--drop-invalid': works(`${RULES}: drop what belongs to no connection with --drop-invalid`),
    '--dual-stack': works(`${RULES}: capture IPv6 beside IPv4 with --dual-stack`),
    '--capture-all-dns': works(`${RULES}: bring every query to the agent with --capture-all-dns`),
    '--network-namespace': differs(
      'Works inside that network; 1.31 only takes the file for its lock, and has to be started inside.',
      'e2e/iptables-places.test.ts: works inside the network that is named, and only there',
    ),
    '--cni-mode': works(
      'e2e/iptables-places.test.ts: runs tools of CNI mode without the user lists of the node, and with a lock of the pod',
    ),
    '--reconcile': worksAnd(
      'Keeps the present rules when the tools refuse the new ones; `auto` replaces without holding traffic.',
      'iptables/capture.test.ts: replaces drifted rules with --reconcile, guarded, and removes the guards',
      'cli/istio-iptables.test.ts: let --reconcile be given alone, as a bool, or as auto',
    ),
    '--cleanup-only': differs(
      'Also removes rules of the other variant of the tools, and of earlier flags.',
      'e2e/iptables.test.ts: restores the state and the traffic of before at clean-up, rules of others included',
      'e2e/iptables-places.test.ts: finds and removes rules that two runs have set by different variants',
    ),
    '--force-apply': works(
      'iptables/capture.test.ts: takes back the tables that a refused restore had filled before',
    ),
    '--native-nftables': works('e2e/iptables-nft.test.ts: leaves the same rules when it runs again'),
    '--force-iptables-binary': works(
      'iptables/report/plan.test.ts: says which program and why, and what else is set',
    ),
    '--help': works(
      'cli/main.test.ts: shows help on stdout without a command, on request, and for one command',
    ),
    '--comments': added('e2e/capture/reports.test.ts: --comments writes what each rule is for'),
    '--preflight': added('iptables/checks/preflight.test.ts: reports the same as JSON'),
    '--explain': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in one word, with and without =',
    ),
    '--diff': added(
      'e2e/capture/reports.test.ts: --diff tells a strange rule in an own chain, and another order, from a rule of others',
    ),
    '--plan': added('cli/istio-iptables-report-flags.test.ts: give every plan its form'),
    '--from': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
    '--to': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
    '--proto': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
    '--uid': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
    '--gid': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
    '--in': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
    '--out': added(
      'cli/istio-iptables-report-flags.test.ts: tell a packet in pieces, and leave other words alone',
    ),
  },
};

export const captureRuns: Subject = {
  title: 'What istio-iptables does',
  introduction: '',
  column: 'Matter',
  names: 'text',
  claims: {
    'Chains and rules of an injected pod': works(
      'e2e/iptables.test.ts: sets exactly the chains of an injected pod, by one restore per family',
    ),
    'A second run with the same flags': differs(
      'Changes nothing; 1.31 applies the rules twice where both variants of iptables can be used and none is forced.',
      'iptables/capture.test.ts: changes nothing when it runs again',
      'e2e/iptables.test.ts: does nothing when it runs again, with no variant forced',
    ),
    'A run that fails in the middle': differs(
      'Takes back what it did, so that the next run succeeds; in 1.31 a refused IPv6 leaves the rules of IPv4.',
      'iptables/capture.test.ts: takes IPv4 rules back when IPv6 is refused, and leaves rules of others',
    ),
    'Rules that differ from the wanted ones': works(
      'iptables/capture.test.ts: fails on drifted rules without --reconcile, and leaves them as they were',
    ),
    'A dry run with `--native-nftables`': differs(
      'Changes nothing; that of 1.31 applies the rules.',
      'e2e/iptables-nft.test.ts: writes the transaction of a dry run to a file and changes nothing',
    ),
    Failures: worksAnd(
      'Exit code 1, and one line with an id, the cause and the remedy.',
      'e2e/iptables.test.ts: ends with 1 and one line of cause and remedy without NET_ADMIN',
      'e2e/iptables.test.ts: ends with 1 and one line of cause and remedy without iptables',
    ),
    'IPv6 switched off on the host': works(
      'iptables/capture.test.ts: needs ip6tables only where IPv6 is captured',
    ),
    'Variables that cannot be read': worksAnd(
      'The zero value counts; a warning says so.',
      'cli/istio-iptables.test.ts: take a variable that cannot be read as nothing, not as the default',
    ),
  },
};
