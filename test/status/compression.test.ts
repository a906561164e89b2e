import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { acceptedCoding, compressor, isCompressedType } from '../../src/status/compression.ts';

describe('acceptedCoding', () => {
  for (const [header, coding] of [
    [undefined, undefined],
    ['', undefined],
    ['gzip', 'gzip'],
    ['zstd', 'zstd'],
    ['gzip, zstd', 'zstd'],
    ['gzip, zstd;q=0.9', 'gzip'],
    ['GZIP;q=0.5, deflate', 'gzip'],
    ['*', 'zstd'],
    ['*, zstd;q=0', 'gzip'],
    ['gzip;q=0', undefined],
    ['br, lz4', undefined],
    ['identity', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['identity;q=0.5, gzip', 'gzip'],
    [';;,q=x,"', undefined],
  ] as const) {
    it(`of ${JSON.stringify(header)} is ${coding ?? 'none'}`, () => {
      assert.equal(acceptedCoding(header), coding);
    });
  }

  it('is gzip where the runtime has no zstd', () => {
    assert.equal(acceptedCoding('gzip;q=0.1, zstd', ['gzip']), 'gzip');
    assert.equal(acceptedCoding('zstd', ['gzip']), undefined);
  });
});

describe('compressor', () => {
  const body = Buffer.from('envoy_cluster_upstream_cx_total{cluster="a"} 1\n'.repeat(50_000));

  for (const [coding, decoded] of [
    ['gzip', gunzipSync],
    ['zstd', zstdDecompressSync],
  ] as const) {
    it(`makes ${coding} that any reader of it takes`, async () => {
      const coded = await buffer(compressor(coding).end(body));

      assert.ok(coded.length < body.length / 50, String(coded.length));
      assert.ok(decoded(coded).equals(body));
    });
  }
});

describe('isCompressedType', () => {
  it('knows what does not get smaller', () => {
    for (const type of [
      'image/png',
      'video/mp4',
      'application/gzip',
      'application/zip',
      'application/x-xz',
    ]) {
      assert.ok(isCompressedType(type), type);
    }
    for (const type of ['text/plain; charset=utf-8', 'application/json', 'image/svg+xml', '']) {
      assert.ok(!isCompressedType(type), type);
    }
  });
});
