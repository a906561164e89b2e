// A secret in the form Envoy takes it: bytes inline, so that no key touches a disk.

import type { Any, DataSource, Messages, Secret } from '../proto/messages.ts';
import { SECRET_TYPE } from '../xds/type-urls.ts';
import type { SecretItem } from './secret-source.ts';

/** @see envoy/extensions/transport_sockets/tls/v3/secret.proto */
export function secretResource(item: SecretItem, messages: Messages): Any {
  return { typeUrl: SECRET_TYPE, value: messages.secret.encode(secretOf(item)) };
}

function secretOf(item: SecretItem): Secret {
  const { name } = item;
  if (item.kind === 'trust') return { name, validationContext: { trustedCa: inline(item.rootPem) } };
  const certificateChain = inline(item.certificateChainPem);
  return { name, tlsCertificate: { certificateChain, privateKey: inline(item.privateKeyPem) } };
}

function inline(text: string): DataSource {
  return { inlineBytes: Buffer.from(text) };
}
