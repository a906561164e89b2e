// The numbers of the facts are those of the list of behaviours in the security specification.

import { equal } from 'node:assert/strict';

import { loadMessages } from '../../src/proto/messages.ts';
import { secretResource, type KeyProvider } from '../../src/sds/secret-resource.ts';
import type { SecretItem } from '../../src/security/secret-item.ts';

const PAIR: SecretItem = {
  kind: 'certificate',
  name: 'default',
  certificateChainPem: 'C',
  privateKeyPem: 'K',
};

function hexOf(item: SecretItem, provider?: KeyProvider): string {
  return Buffer.from(secretResource(item, loadMessages(), provider).value).toString('hex');
}

const text = (value: string): string => Buffer.from(value).toString('hex');

describe('secretResource', () => {
  it('writes a pair as chain and key, bytes inline', () => {
    // name, then the certificate: chain 1 and key 2, each a data source with bytes 2
    equal(hexOf(PAIR), `0a07${text('default')}120a0a031201${text('C')}12031201${text('K')}`);
  });

  it('writes anchors alone, and the name of their revocation list', () => {
    const anchors: SecretItem = { kind: 'trust', name: 'R', rootPem: 'A' };

    equal(hexOf(anchors), `0a01${text('R')}22050a031201${text('A')}`);
    equal(
      hexOf({ ...anchors, crlPath: '/x' }),
      `0a01${text('R')}220b0a031201${text('A')}3a040a02${text('/x')}`,
    );
  });

  for (const [name, type] of [
    ['cryptomb', 'CryptoMb'],
    ['qat', 'Qat'],
  ] as const) {
    it(`75: writes the key into the configuration of ${name}, seconds and nanoseconds of its delay, and nowhere else`, () => {
      const provider = { name, pollDelay: { seconds: 1, nanos: 2 }, fallback: false };

      const hex = hexOf(PAIR, provider);

      const url = `type.googleapis.com/envoy.extensions.private_key_providers.${name}.v3alpha.${type}PrivateKeyMethodConfig`;
      const config = `0a031201${text('K')}120408011002`;
      equal(hex.includes(`0a${url.length.toString(16)}${text(url)}120b${config}`), true);
      equal(hex.split(text('K')).length, 2 + url.split('K').length - 1);
      equal(hex.endsWith(config), true); // no fallback is written when none is asked for
      equal(hexOf(PAIR, { ...provider, fallback: true }).endsWith(`${config}2001`), true);
    });
  }

  it('75: leaves out the part of the delay that is zero', () => {
    const delayed = (seconds: number, nanos: number): string =>
      hexOf(PAIR, { name: 'qat', pollDelay: { seconds, nanos }, fallback: false });

    equal(delayed(3, 0).endsWith('12020803'), true);
    equal(delayed(0, 5).endsWith('12021005'), true);
  });
});
