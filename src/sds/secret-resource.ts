// A secret in the form Envoy takes it: bytes inline, so that no key touches a disk.

import type { Any, DataSource, Messages, Secret, TlsCertificate } from '../proto/messages.ts';
import { SECRET_TYPE } from '../xds/type-urls.ts';
import type { SecretItem } from '../security/secret-item.ts';

/** Who does the work of the private key inside Envoy: hardware, or vector instructions of the processor. */
export interface KeyProvider {
  readonly name: 'cryptomb' | 'qat';
  /** How long Envoy gathers requests before it processes them; at least 1 ms. */
  readonly pollDelay: { readonly seconds: number; readonly nanos: number };
  /** Use the key without the provider where that is not available. */
  readonly fallback: boolean;
}

const PROVIDERS = 'type.googleapis.com/envoy.extensions.private_key_providers';
const CONFIG_TYPES: Readonly<Record<KeyProvider['name'], string>> = {
  cryptomb: `${PROVIDERS}.cryptomb.v3alpha.CryptoMbPrivateKeyMethodConfig`,
  qat: `${PROVIDERS}.qat.v3alpha.QatPrivateKeyMethodConfig`,
};

/**
 * @param provider undefined: the key is Envoy's own business
 * @see envoy/extensions/transport_sockets/tls/v3/secret.proto
 */
export function secretResource(item: SecretItem, messages: Messages, provider?: KeyProvider): Any {
  return { typeUrl: SECRET_TYPE, value: messages.secret.encode(secretOf(item, messages, provider)) };
}

function secretOf(item: SecretItem, messages: Messages, provider: KeyProvider | undefined): Secret {
  const { name } = item;
  if (item.kind === 'trust') {
    const crl = item.crlPath === undefined ? {} : { crl: { filename: item.crlPath } };
    return { name, validationContext: { trustedCa: inline(item.rootPem), ...crl } };
  }
  const privateKey = inline(item.privateKeyPem);
  const key = provider === undefined ? { privateKey } : provided(privateKey, messages, provider);
  return { name, tlsCertificate: { certificateChain: inline(item.certificateChainPem), ...key } };
}

/** The key is in the provider's configuration, and nowhere else. */
function provided(
  privateKey: DataSource,
  messages: Messages,
  { name, pollDelay, fallback }: KeyProvider,
): Pick<TlsCertificate, 'privateKeyProvider'> {
  const { seconds, nanos } = pollDelay;
  const delay = { ...(seconds !== 0 && { seconds }), ...(nanos !== 0 && { nanos }) }; // zeros are not written
  const value = messages.privateKeyMethodConfig.encode({ privateKey, pollDelay: delay });
  const typedConfig = { typeUrl: CONFIG_TYPES[name], value };
  return { privateKeyProvider: { providerName: name, typedConfig, ...(fallback && { fallback }) } };
}

function inline(text: string): DataSource {
  return { inlineBytes: Buffer.from(text) };
}
