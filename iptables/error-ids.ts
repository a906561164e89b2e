// Every way a capture run can end badly: a stable id to search for, what it means, and what to do. The README shows
// this table.

export interface ErrorKind {
  readonly meaning: string;
  /** What the reader can do; one sentence without its end. */
  readonly remedy: string;
}

export const ERROR_KINDS = {
  'IPT-BAD-BINARY': {
    meaning: '`--force-iptables-binary` names no variant',
    remedy: 'use legacy or nft, or leave it empty',
  },
  'IPT-BAD-CIDR': {
    meaning: 'an address range cannot be used',
    remedy: 'write address/length, for example 10.0.0.0/8',
  },
  'IPT-BAD-INTERFACE': {
    meaning: 'an interface name cannot exist',
    remedy: 'names begin with a letter and have at most 15 letters, digits, dots, dashes and underscores',
  },
  'IPT-BAD-OWNER': {
    meaning: 'a list of users or groups cannot be used',
    remedy: 'give ids or names, separated by commas',
  },
  'IPT-BAD-PACKET': {
    meaning: 'the packet to explain cannot be read',
    remedy: 'write --explain --to ADDRESS:PORT, and --from, --proto, --uid or --in where they matter',
  },
  'IPT-BAD-PORT': {
    meaning: 'a port cannot be used',
    remedy: 'ports are numbers from 1 to 65535; a list may also hold ranges such as 8000:8010',
  },
  'IPT-BAD-TPROXY': {
    meaning: 'the mark or the routing table of TPROXY cannot be used',
    remedy: 'the defaults are mark 1337 and table 133',
  },
  'IPT-CLEANUP': {
    meaning: 'rules of ours are left after a clean-up',
    remedy: 'remove the named rules by hand: other rules may refer to their chains',
  },
  'IPT-DRIFT': {
    meaning: 'rules of another configuration are there',
    remedy:
      'replace them with --reconcile (--diff shows how they differ), or remove them first with istio-clean-iptables',
  },
  'IPT-DUPLICATE-PORT': {
    meaning: 'two listeners of the proxy have the same port',
    remedy: 'give --envoy-port, --inbound-capture-port and --inbound-tunnel-port a port each',
  },
  'IPT-LOCK-FILE': {
    meaning: 'the lock of the legacy tools cannot be opened',
    remedy:
      'mount a writable /run, or set XTABLES_LOCKFILE to a file that can be written (iptables 1.8.6 or later)',
  },
  'IPT-LOCKED': {
    meaning: 'another program holds the lock of the legacy tools',
    remedy: 'find who changes rules all the time, for example by /proc/locks, and start again',
  },
  'IPT-NETNS': {
    meaning: 'the network of `--network-namespace` cannot be entered',
    remedy: 'give the path of a network namespace, such as /proc/PID/ns/net, and run as root of its owner',
  },
  'IPT-NO-ADDRESS': {
    meaning: 'this host has no address that others could use',
    remedy: 'start after the network of the pod is set up',
  },
  'IPT-NO-IPV6': {
    meaning: 'IPv6 is to be captured, but switched off on lo',
    remedy: 'set net.ipv6.conf.lo.disable_ipv6=0, or leave out --dual-stack',
  },
  'IPT-NO-MODULE': {
    meaning: 'the kernel lacks something that rules need',
    remedy:
      'load nf_nat, xt_REDIRECT, xt_owner, iptable_nat, iptable_mangle, xt_conntrack, xt_TPROXY and xt_CT on the ' +
      'node, or use the other iptables variant',
  },
  'IPT-NO-NET-ADMIN': {
    meaning: 'rules may not be read or changed',
    remedy:
      'run as root with the capabilities NET_ADMIN and NET_RAW: grant them to this container, ' +
      'or let a CNI plugin set the rules',
  },
  'IPT-NO-NFT-MODULE': {
    meaning: 'the kernel lacks something that native nftables rules need',
    remedy:
      'load nf_tables, nft_chain_nat, nft_redir, nft_ct and nft_tproxy on the node, or leave --native-nftables out',
  },
  'IPT-NO-TOOL': {
    meaning: 'a program is missing',
    remedy: 'install it in this image, or let a CNI plugin set the rules',
  },
  'IPT-OLD-NFT': {
    meaning: 'nft is older than 1.0.1',
    remedy: 'use a newer image, or leave --native-nftables out',
  },
  'IPT-ONLY-LEGACY': {
    meaning: 'only the legacy tools are there, and no rules of them: rules of the host are elsewhere',
    remedy: 'install iptables with its nft variant, or set --force-iptables-binary=legacy',
  },
  'IPT-RECORD': {
    meaning: 'the record of a dry run cannot be written',
    remedy: 'let DRY_RUN_FILE_PATH name a file in a folder that can be written',
  },
  'IPT-RESOLV-CONF': {
    meaning: 'DNS is to be captured, but its servers are not known',
    remedy: 'provide /etc/resolv.conf, or capture every server with --capture-all-dns',
  },
  'IPT-ROUTES': {
    meaning: 'an address or a route that rules need cannot be set',
    remedy: 'rules of this run were taken back; see what ip says',
  },
  'IPT-TOOL-FAILED': {
    meaning: 'a program failed for another reason',
    remedy: "see the program's own words",
  },
  'IPT-UNKNOWN-OWNER': {
    meaning: 'a user or group is not known in this image',
    remedy: 'give its number instead of its name',
  },
  'IPT-VALIDATION': {
    meaning: 'traffic is not captured; the exit code is 126',
    remedy: 'see which chains and rules are missing, and that this runs as the user of the proxy',
  },
} as const satisfies Readonly<Record<string, ErrorKind>>;

export type ErrorId = keyof typeof ERROR_KINDS;
