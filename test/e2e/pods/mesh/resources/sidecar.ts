// Resources of an Envoy beside an application: two listeners that capture brings connections to, and the ways on.

import {
  cluster,
  everyHost,
  FORWARD_CLIENT_CERTIFICATE,
  FROM_PROXY,
  http,
  listener,
  listenerFilter,
  mutualTls,
  ORIGINAL_DESTINATION,
  RETRIES,
  socket,
  tcp,
  tlsSocket,
} from '../../../../../examples/demo/envoy-resources.ts';
import type { Member, MemberPort } from '../member.ts';
import type { Service, ServicePort } from '../services.ts';
import { PASSTHROUGH, SAME_PROTOCOL, serviceClusters } from './clusters.ts';

/** On connections that keep their caller's address, so that the rules know them. */
const TPROXY_MARK = 1337;

const ORIGINAL_DST = listenerFilter('original_dst', 'original_dst.v3.OriginalDst');
const TLS_INSPECTOR = listenerFilter('tls_inspector', 'tls_inspector.v3.TlsInspector');
const ORIGINAL_SRC = listenerFilter('original_src', 'original_src.v3.OriginalSrc', { mark: TPROXY_MARK });

const INBOUND = 'InboundPassthroughCluster';

export function sidecarResources(member: Member, services: readonly Service[]): readonly object[] {
  return [
    ...serviceClusters(services),
    PASSTHROUGH,
    inboundCluster(member),
    virtualOutbound(member, services),
    virtualInbound(member),
  ];
}

/** Towards the application, in the caller's name where the kernel allows that. */
function inboundCluster({ interception }: Member): object {
  const own = interception === 'TPROXY' ? {} : { upstream_bind_config: FROM_PROXY };
  return cluster({ name: INBOUND, ...ORIGINAL_DESTINATION, ...SAME_PROTOCOL, ...own });
}

function virtualOutbound({ interception }: Member, services: readonly Service[]): object {
  return listener({
    name: 'virtualOutbound',
    address: socket('0.0.0.0', 15_001),
    traffic_direction: 'OUTBOUND',
    transparent: interception === 'TPROXY',
    listener_filters: [ORIGINAL_DST],
    filter_chains: outboundChains(services),
    default_filter_chain: { filters: [tcp('PassthroughCluster', 'PassthroughCluster')] },
  });
}

/** One per address and port, since names are only for DNS: that of the pod's own name, which comes first. */
function outboundChains(services: readonly Service[]): readonly object[] {
  const chains = new Map<string, object>();
  for (const port of services.flatMap(({ ports }) => ports)) {
    for (const { address } of port.endpoints) {
      const key = `${address}:${port.port}`;
      if (!chains.has(key)) chains.set(key, outboundChain(address, port));
    }
  }
  return [...chains.values()];
}

function outboundChain(address: string, { port, protocol, cluster: name }: ServicePort): object {
  return {
    filter_chain_match: {
      destination_port: port,
      prefix_ranges: [{ address_prefix: address, prefix_len: 32 }],
    },
    filters: [protocol === 'tcp' ? tcp(name, name) : http(name, everyHost(name, { retry_policy: RETRIES }))],
  };
}

function virtualInbound({ ports, interception, peers }: Member): object {
  const transparent = interception === 'TPROXY';
  return listener({
    name: 'virtualInbound',
    address: socket('0.0.0.0', 15_006),
    traffic_direction: 'INBOUND',
    transparent,
    listener_filters: [ORIGINAL_DST, ...(transparent ? [ORIGINAL_SRC] : []), TLS_INSPECTOR],
    filter_chains: ports.flatMap((port) => [
      mutualChain(port),
      ...(peers === 'permissive' ? [plainChain(port)] : []),
    ]),
    // ports that the pod does not declare
    ...(peers === 'permissive' ? { default_filter_chain: { filters: [tcp(INBOUND, INBOUND)] } } : {}),
  });
}

function mutualChain(port: MemberPort): object {
  return {
    filter_chain_match: { destination_port: port.port, transport_protocol: 'tls' },
    transport_socket: tlsSocket('DownstreamTlsContext', {
      require_client_certificate: true,
      common_tls_context: { ...mutualTls([]), alpn_protocols: ['h2', 'http/1.1'] },
    }),
    filters: [toApplication(port)],
  };
}

function plainChain(port: MemberPort): object {
  return {
    filter_chain_match: { destination_port: port.port, transport_protocol: 'raw_buffer' },
    filters: [toApplication(port)],
  };
}

function toApplication({ port, protocol }: MemberPort): object {
  const name = `inbound_${port}`;
  return protocol === 'tcp' ? tcp(name, INBOUND) : http(name, everyHost(INBOUND), FORWARD_CLIENT_CERTIFICATE);
}
