// Variables about the workload's certificate.

import { added, type Subject, works, worksAnd } from '../claim.ts';

const CERTIFICATE = 'config/variables.test.ts: about the certificate reach what asks the CA for it';
const CONTROL_PLANE = 'config/variables.test.ts: about the control plane reach what connects to it';
const FILE_TIMES =
  'agent/file-certificates.test.ts: tries a missing file again after FILE_DEBOUNCE_DURATION, and looks at it every CERT_FILE_POLL_INTERVAL';
const WRITTEN = 'agent/identity.test.ts: 29: writes certificates with mode 0… for …';
const SOCKET =
  'agent/socket-servers.test.ts: gives its socket the mode of SDS_SOCKET_MODE and the group of SDS_SOCKET_GID';

export const identityVariables: Subject = {
  title: 'Variables of the certificate',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    TRUST_DOMAIN: works('pki/spiffe.test.ts: have the form of the reference', CERTIFICATE),
    CA_ADDR: works(
      'security/upstream/control-plane.test.ts: 15: reach the CA where the discovery service is, unless it has an address of its own',
      CONTROL_PLANE,
    ),
    CA_PROVIDER: works(
      'agent/identity.test.ts: refuses a CA it does not know before it looks for a root certificate',
      'agent/identity-files.test.ts: 54: serves those of GKE',
    ),
    CA_ROOT_CA: works(
      'security/upstream/roots.test.ts: is the named file or the system, before every other rule',
      CONTROL_PLANE,
    ),
    XDS_ROOT_CA: works(
      'security/upstream/roots.test.ts: follows its own order: named, existing, PROV_CERT, mounted by metadata, mounted',
      CONTROL_PLANE,
    ),
    PILOT_CERT_PROVIDER: works(
      'security/upstream/roots.test.ts: is the existing one for the custom provider',
      'security/upstream/roots.test.ts: is by default the mounted one',
      CONTROL_PLANE,
    ),
    ISTIOD_SAN: works(
      'security/upstream/control-plane.test.ts: 15: reach the CA where the discovery service is, unless it has an address of its own',
      CONTROL_PLANE,
    ),
    JWT_POLICY: works('config/agent-config.test.ts: use one token file for every policy, and say so'),
    CREDENTIAL_FETCHER_TYPE: works(
      'security/upstream/credential-fetcher.test.ts: reads the file unless something else is asked for',
      "agent/identity.test.ts: shows the token of Google's metadata server, and leaves it in the token's file",
      "security/upstream/credential-fetcher.test.ts: asks Google's metadata server, or the one that is named",
    ),
    PROV_CERT: works(
      CONTROL_PLANE,
      'security/upstream/client-certificate.test.ts: reads the pair that is there now, at every call',
      'e2e/identity-vm.test.ts: 60: leaves a provisioned certificate alone that is not its own to write',
    ),
    OUTPUT_CERTS: worksAnd(
      'They are replaced as a set, so that key and chain always fit, and at every rotation, though Envoy asks for nothing.',
      'security/output-certs.test.ts: 29: shows a key beside its own chain and anchors at all times, over 100 rotations',
      'security/output-rotation.test.ts: 30, 31: are new ones after every rotation, with no stream, and never come back as a source',
      CERTIFICATE,
    ),
    FILE_MOUNTED_CERTS: works(
      'agent/identity-files.test.ts: 51: serves files by name without a CA, and shows the pair of the metadata to the discovery service',
    ),
    ISTIO_META_CERT_SIGNER: works(
      'security/ca/ca-client.test.ts: 17: writes the bytes of the reference, an empty signer included',
      CERTIFICATE,
    ),
    SECRET_TTL: works('security/ca/workload-certificate.test.ts: asks for whole seconds', CERTIFICATE),
    SECRET_GRACE_PERIOD_RATIO: works(
      "security/rotation.test.ts: 23: rotates a day's certificate after … hours with ratio …",
      CERTIFICATE,
    ),
    SECRET_GRACE_PERIOD_RATIO_JITTER: works(
      'security/rotation.test.ts: moves the ratio down or up by a share of the jitter',
      CERTIFICATE,
    ),
    FILE_DEBOUNCE_DURATION: works(
      'security/files/file-secrets.test.ts: tries a first request again, soon and then less often, for ten seconds',
      FILE_TIMES,
    ),
    WORKLOAD_RSA_KEY_SIZE: works(
      'agent/identity.test.ts: refuses a kind of key that does not exist before it looks at anything else',
      CERTIFICATE,
    ),
    PKCS8_KEY: works('security/ca-secrets.test.ts: have a key in PKCS#8 when told so', CERTIFICATE),
    ECC_SIGNATURE_ALGORITHM: works(
      'pki/keys.test.ts: 4: refuses small RSA keys and other ECC algorithms in the words of the reference',
      CERTIFICATE,
    ),
    ECC_CURVE: works('pki/keys.test.ts: 3: takes P-384 only when it is named', CERTIFICATE),
    PILOT_ENABLE_CA_CRL: works(
      'agent/identity-files.test.ts: looks for a revocation list unless that is switched off',
      'security/files/crl-file.test.ts: 79: gives the path while there is a list',
    ),
    WORKLOAD_IDENTITY_SOCKET_FILE: works(
      'agent/sds-sockets.test.ts: 55: are found when they answer, under the default name and under another',
      CERTIFICATE,
    ),
    COMPLIANCE_POLICY: works(
      'security/upstream/tls-policy.test.ts: is TLS 1.2 with P-256 and AES-GCM for fips-140-2',
      'security/upstream/tls-policy.test.ts: is TLS 1.2 or 1.3 with P-256 or P-384 for fips-140-3',
      'security/upstream/tls-policy.test.ts: is TLS 1.3 with the hybrid group alone for pqc',
      CONTROL_PLANE,
    ),
    OUTPUT_CERTS_MODE: added(WRITTEN),
    OUTPUT_CERTS_GROUP: added('security/output-certs.test.ts: gives the files to a group', WRITTEN),
    STRICT_SPIFFE_ID: added(
      'agent/identity.test.ts: refuses a certificate for another name when it is strict',
    ),
    CA_ATTEMPT_TIMEOUT: added(
      'agent/identity.test.ts: tries a CA that does not answer for as long as it is told',
    ),
    CA_CALL_TIMEOUT: added(
      'agent/identity.test.ts: tries a CA that does not answer for as long as it is told',
    ),
    SECRET_ROTATION_INTERVAL: added(
      'security/rotation.test.ts: comes at the latest after the interval, up to a tenth of it earlier',
      WRITTEN,
    ),
    WAIT_FOR_CERT: added(
      'agent/status.test.ts: holds readiness until the first certificate where that is wanted',
    ),
    CERT_FILE_POLL_INTERVAL: added(
      'security/files/layouts.test.ts: 48: sees a change within the poll interval',
      FILE_TIMES,
    ),
    WORKLOAD_IDENTITY_SOCKET_WAIT: added(
      'agent/sds-sockets.test.ts: are waited for as long as WORKLOAD_IDENTITY_SOCKET_WAIT says, and found at the next look',
    ),
    SDS_SOCKET_MODE: added(SOCKET),
    SDS_SOCKET_GID: added(SOCKET),
  },
};
