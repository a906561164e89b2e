// Variables of istio-iptables.

import { added, differs, type Subject, works } from '../claim.ts';

const RULES = 'cli/istio-iptables-effects.test.ts';
const FOLLOWS = `${RULES}: follow the variable of a flag that is not given`;
const SECOND = 'cli/istio-iptables.test.ts: take a second variable before the one named after them';
const TPROXY = `${RULES}: have the marks of the variables with TPROXY`;
const EACH = 'cli/istio-iptables.test.ts: give each variable to its flag';

export const captureVariables: Subject = {
  title: 'Variables of istio-iptables',
  introduction: 'A flag on the command line counts before its variable.',
  column: 'Variable',
  names: 'code',
  claims: {
    INBOUND_CAPTURE_PORT: works(FOLLOWS),
    INBOUND_TUNNEL_PORT: works(FOLLOWS),
    PROXY_UID: works(TPROXY),
    PROXY_GID: works(FOLLOWS),
    ISTIO_INBOUND_INTERCEPTION_MODE: works(TPROXY),
    ISTIO_INBOUND_PORTS: works(FOLLOWS),
    ISTIO_LOCAL_EXCLUDE_PORTS: works(FOLLOWS),
    ISTIO_EXCLUDE_INTERFACES: works(FOLLOWS),
    ISTIO_SERVICE_CIDR: works(FOLLOWS),
    ISTIO_SERVICE_EXCLUDE_CIDR: works(FOLLOWS),
    ISTIO_OUTBOUND_PORTS: works(FOLLOWS),
    ISTIO_LOCAL_OUTBOUND_PORTS_EXCLUDE: works(FOLLOWS),
    KUBE_VIRT_INTERFACES: works(FOLLOWS),
    ISTIO_INBOUND_TPROXY_MARK: works(TPROXY),
    ISTIO_INBOUND_TPROXY_ROUTE_TABLE: works(EACH),
    DRY_RUN: works(EACH),
    IPTABLES_PROBE_PORT: works(EACH),
    PROBE_TIMEOUT: works(EACH),
    SKIP_RULE_APPLY: works(EACH),
    RUN_VALIDATION: works(EACH),
    REDIRECT_DNS: works(FOLLOWS, SECOND),
    DROP_INVALID: works(FOLLOWS, SECOND),
    INVALID_DROP: works(`${RULES}: drop what belongs to no connection with --drop-invalid`),
    DUAL_STACK: works(FOLLOWS),
    CAPTURE_ALL_DNS: works(FOLLOWS),
    NETWORK_NAMESPACE: works(EACH),
    CNI_MODE: works(EACH),
    RECONCILE: works(EACH),
    CLEANUP_ONLY: works(EACH),
    FORCE_APPLY: works(EACH),
    NATIVE_NFTABLES: works(EACH),
    FORCE_IPTABLES_BINARY: works(EACH),
    ISTIO_OUTBOUND_OWNER_GROUPS: works(`${RULES}: capture the groups of ISTIO_OUTBOUND_OWNER_GROUPS alone`),
    ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: works(
      `${RULES}: leave the groups of ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE alone`,
    ),
    ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR: works(
      `${RULES}: take the range of ISTIO_OUTBOUND_IPV4_LOOPBACK_CIDR for loopback`,
    ),
    ENVOY_USER: works(`${RULES}: leave alone what the user of ENVOY_USER sends when no -u says more`),
    DRY_RUN_FILE_PATH: works(
      'iptables/capture.test.ts: writes the dry run to a file instead, replacing what it held',
      'e2e/iptables-nft.test.ts: writes the transaction of a dry run to a file and changes nothing',
    ),
    DNS_AGENT: differs(
      'Only 1.7 read it; `istio-iptables` still takes it for `--redirect-dns`, unless something newer says more.',
      'cli/istio-iptables.test.ts: take DNS_AGENT of old pods for DNS capture, unless something newer says more',
    ),
    COMMENTS: added('cli/istio-iptables-report-flags.test.ts: cannot be set by variables, but comments can'),
  },
};
