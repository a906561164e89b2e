import { deepEqual, equal, throws } from 'node:assert/strict';

import { debugAnswerJson } from '../../src/xds-proxy/debug-answer.ts';
import type { Kind } from '../../src/xds-proxy/envelopes.ts';
import { messages, responseBytes } from './messages.ts';

const TYPE = 'istio.io/debug/syncz';

function json(kind: Kind, ...values: Uint8Array[]): string {
  return debugAnswerJson({ kind, bytes: responseBytes(kind, TYPE, { values }) }, messages);
}

describe('debugAnswerJson', () => {
  for (const kind of ['sotw', 'delta'] as const) {
    it(`shows a ${kind} response as a DiscoveryResponse, indented`, () => {
      const text = json(kind, Buffer.from('{\n\t"a": "ü"\n}'));

      deepEqual(JSON.parse(text), {
        versionInfo: 'v1',
        resources: [{ '@type': TYPE, value: '{\n\t"a": "ü"\n}' }],
        typeUrl: TYPE,
        nonce: 'n1',
      });
      equal(text.split('\n')[1], '  "versionInfo": "v1",');
    });
  }

  it('shows bytes that are no text in Base64', () => {
    const [binary, control] = [Buffer.from([0xff, 0x61]), Buffer.from('a\0b')];

    const { resources } = JSON.parse(json('sotw', binary, control));

    deepEqual(
      resources.map(({ valueBase64 }: { readonly valueBase64: string }) => valueBase64),
      ['/2E=', 'YQBi'],
    );
  });

  it('leaves out what is empty', () => {
    const bytes = responseBytes('sotw', TYPE, { version: '', nonce: '', values: [] });

    deepEqual(JSON.parse(debugAnswerJson({ kind: 'sotw', bytes }, messages)), { typeUrl: TYPE });
  });

  it('refuses bytes that are no response', () => {
    throws(() => debugAnswerJson({ kind: 'sotw', bytes: Buffer.from([0x0a, 0x7f]) }, messages));
  });
});
