// What passes between the agent, the control plane, Envoy and applications: xDS, certificates, secrets, names.

import { differs, notYet, type Subject, works, worksAnd } from '../claim.ts';

const SESSION = 'xds-proxy/session.test.ts';
const CA = 'security/ca/ca-client.test.ts';

export const xds: Subject = {
  title: 'Configuration over xDS',
  introduction: '',
  column: 'Matter',
  names: 'text',
  claims: {
    'Id, cluster and metadata of the node': works(
      'e2e/pod-layouts.test.ts: runs Envoy as its arguments, variables and files say',
      'agent/bootstrap-settings.test.ts: tells the control plane what the variables of the pod say',
    ),
    'State of the world and delta, byte for byte': works(
      `${SESSION}: carries the very same bytes in both directions, over the method of the same kind`,
      'xds-proxy/transparency.test.ts: is byte for byte what was sent, in both directions, unknown fields included',
    ),
    'Name table for DNS': works(
      `${SESSION}: subscribes to the name table once, right after the first LDS request`,
      `${SESSION}: refuses a name table with code 13 and the words of its taker`,
    ),
    'ProxyConfig with root certificates': works(
      'xds-proxy/agent-requests.test.ts: ask for ProxyConfig after the name table, give its first resource on, and answer for it',
    ),
    'Remote Wasm modules': notYet(
      'Configuration with a remote module reaches Envoy as it was sent: Envoy fetches modules over HTTP itself, and none from a registry of images.',
    ),
    'Health of an application on a machine': notYet('Not reported: `readinessProbe` has no effect.'),
    'An Envoy that comes back': works(
      'e2e/xds-streams.test.ts: 3: give way to a newer one on the same connection',
    ),
    'Refusals of Envoy': worksAnd(
      'The words are on `/debug/xds` and in `/healthz/ready?verbose`.',
      `${SESSION}: passes a refusal of Envoy on and remembers its words`,
      "agent/status.test.ts: repeats Envoy's rejections and the last trouble with the control plane",
    ),
    'Token, client certificate, headers': works(
      'security/upstream/control-plane.test.ts: give each its own headers, and both the token and the cluster',
      'security/upstream/client-certificate.test.ts: is none when the leaf has expired',
    ),
    'Requests of Envoy that pile up': differs(
      'Limited to 64 MiB for each stream.',
      'xds-proxy/sessions.test.ts: ends a stream whose requests pile up to more than 64 MiB, and drops them',
    ),
  },
};

export const certificates: Subject = {
  title: 'Certificates and secrets',
  introduction: '',
  column: 'Matter',
  names: 'text',
  claims: {
    'Requests to the CA': works(
      `${CA}: 17: writes the bytes of the reference, an empty signer included`,
      `${CA}: 6: sends request, token, cluster and own headers, and gives back the list it got`,
    ),
    'Retries at the CA': works(
      'security/ca/ca-client-attempts.test.ts: 9: tries an unavailable CA five times, waiting longer each time',
      'security/ca/ca-client-attempts.test.ts: 8: tries once when the error is not one that passes',
    ),
    'Names of secrets: default, ROOTCA, file-cert:, file-root:': works(
      'sds/secret-stream.test.ts: is answered with all names it asks for in one response, bytes inline',
      "security/files/secret-places.test.ts: 40: knows the system's bundle by one name only",
    ),
    'Delta and unary SDS: not implemented': works(
      'sds/server.test.ts: 77: leaves DeltaSecrets and FetchSecrets unimplemented',
    ),
    'When a certificate is replaced': differs(
      'At the same moment. The new one is signed before the old one is let go, also when no stream asks for it.',
      'security/rotation.test.ts: is when the ratio says',
      'security/ca-secrets-rotation.test.ts: 31: are replaced and written at half of their life, nobody asking',
    ),
    'Revocation list': works(
      'sds/server.test.ts: 79: sends the name of the revocation list with the anchors it belongs to, and none without one',
    ),
    'Another SDS server on the workload’s socket': worksAnd(
      'It may start later, with `WORKLOAD_IDENTITY_SOCKET_WAIT`.',
      "e2e/sds.test.ts: 55: leaves the workload's certificate to another server, which may start later, and serves files",
    ),
    'Machines: the first token, then the certificate': works(
      'e2e/identity-vm.test.ts: 59: leaves its certificate, which the next start shows to CA and discovery service',
    ),
    'Verification of servers': works(
      'security/upstream/tls-credentials.test.ts: verifies the server whatever NODE_TLS_REJECT_UNAUTHORIZED says',
    ),
  },
};

export const names: Subject = {
  title: 'Answers of DNS',
  introduction: '',
  column: 'Asked',
  names: 'text',
  claims: {
    'A host of the table': works(
      'e2e/dns-cases.test.ts: 1: an external host has its address under the asked name, with authority, for 30 s',
    ),
    'Short names of a service': works(
      'e2e/dns-cases.test.ts: 4: a service has its long and short names; the bare one in its own namespace only',
    ),
    'A name with the search domain': works(
      'e2e/dns-cases.test.ts: 2: with the first search domain it is an alias, then its address; with the second it is not known',
    ),
    Wildcards: works(
      'e2e/dns-cases.test.ts: 10: the closest wildcard answers under the asked name, with a search domain behind an alias',
    ),
    'A family that is missing': works(
      'e2e/dns-cases.test.ts: 9: each family has its own addresses; one that is missing has an empty answer',
    ),
    'Anything else': works("e2e/dns-cases.test.ts: 3: an unknown host has the resolver's answer"),
    'Before the first table': works('dns/responder.test.ts: fails every query, and asks nobody'),
    'What does not fit': works(
      'e2e/dns-cases.test.ts: 12: a forwarded answer is never longer than what its asker takes, and whole for one that takes it',
    ),
    'A query that cannot be decoded': works('dns/messages/query.test.ts: takes exactly one question'),
    'A UDP query of more than 512 bytes': differs(
      'Taken up to 4096 bytes; 1.31 cuts it and answers FORMERR.',
      'dns/responder.test.ts: takes UDP queries of up to 4096 bytes',
    ),
    'A query that comes back to the agent': differs(
      'Fails at once, with one line in the log; 1.31 sends it round until its time is over.',
      'dns/responder.test.ts: fails its own queries when they come back, and says so once',
    ),
  },
};
