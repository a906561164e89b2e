import assert from 'node:assert/strict';

import { injectedLabels, rawMetadata } from '../../src/node/raw-metadata.ts';

const noWarning = (message: string): void => assert.fail(message);

describe('rawMetadata', () => {
  it('lets environment text win over proxyMetadata, and JSON over both', () => {
    const raw = rawMetadata(
      {
        proxyMetadata: { ISTIO_META_A: 'config', ISTIO_META_B: 'config', ISTIO_META_C: 'config' },
        environment: { ISTIO_METAJSON_X: '{"C":{"nested":[1]}}', ISTIO_META_B: 'text', ISTIO_META_C: 'text' },
        own: {},
      },
      noWarning,
    );

    const values = Object.fromEntries([...raw].map(([key, { value }]) => [key, value]));
    assert.deepEqual(values, { A: 'config', B: 'text', C: { nested: [1] } });
  });

  it('ignores variables and configuration without the prefix', () => {
    const raw = rawMetadata(
      { proxyMetadata: { OTHER: '1' }, environment: { NOT_ISTIO_META_X: '1' }, own: {} },
      noWarning,
    );

    assert.equal(raw.size, 0);
  });

  it('warns about JSON that is no object and goes on', () => {
    const warnings: string[] = [];

    const raw = rawMetadata(
      { proxyMetadata: {}, environment: { ISTIO_METAJSON_X: '[1]', ISTIO_METAJSON_Y: '{' }, own: {} },
      (warning) => warnings.push(warning),
    );

    assert.equal(raw.size, 0);
    assert.deepEqual(warnings, [
      'environment variable ISTIO_METAJSON_X is ignored: it holds no JSON object',
      'environment variable ISTIO_METAJSON_Y is ignored: it holds no JSON object',
    ]);
  });

  it('drops a variable that names no key, with a warning', () => {
    const warnings: string[] = [];

    const raw = rawMetadata({ proxyMetadata: {}, environment: { ISTIO_META_: 'x' }, own: {} }, (warning) =>
      warnings.push(warning),
    );

    assert.equal(raw.size, 0);
    assert.deepEqual(warnings, ['ISTIO_META_ is ignored: it names no key of the node metadata']);
  });

  it('names variable and member of a value nested deeper than Envoy reads', () => {
    const read = (levels: number): unknown =>
      rawMetadata(
        {
          proxyMetadata: {},
          environment: { ISTIO_METAJSON_X: `{"deep":${'['.repeat(levels)}${']'.repeat(levels)}}` },
          own: {},
        },
        noWarning,
      );

    read(97);
    for (const levels of [98, 200_000]) {
      assert.throws(() => read(levels), {
        name: 'MetadataError',
        message: 'member "deep" of ISTIO_METAJSON_X is nested deeper than Envoy reads: 97 levels',
      });
    }
  });

  it('takes a member named __proto__ as a name like any other', () => {
    const raw = rawMetadata(
      { proxyMetadata: {}, environment: { ISTIO_METAJSON_X: '{"__proto__":{"a":"b"}}' }, own: {} },
      noWarning,
    );

    assert.deepEqual([...raw.keys()], ['__proto__']);
  });

  it("adds the agent's own entries unless they are empty", () => {
    const raw = rawMetadata(
      { proxyMetadata: {}, environment: {}, own: { credential: 'true', DNS_PROXY_ADDR: '' } },
      noWarning,
    );

    assert.deepEqual([...raw.keys()], ['credential']);
  });
});

describe('injectedLabels', () => {
  it('makes a label that is no text empty, with a warning', () => {
    const warnings: string[] = [];

    const labels = injectedLabels({ ISTIO_METAJSON_LABELS: '{"app":"web","n":1}' }, (w) => warnings.push(w));

    assert.deepEqual(labels, { app: 'web', n: '' });
    assert.equal(warnings.length, 1);
  });
});
