import assert from 'node:assert/strict';

import { nodeLabels, type LabelInput } from '../../src/node/labels.ts';

function input(changes: Partial<LabelInput>): LabelInput {
  return {
    injected: {},
    decoded: { labels: {}, staticLabels: {} },
    platform: {},
    podLabels: undefined,
    ...changes,
  };
}

describe('nodeLabels', () => {
  it('lets the pod win over injected labels and drops the template hash', () => {
    const { labels, staticLabels } = nodeLabels(
      input({
        injected: { app: 'injected', kept: '1' },
        podLabels: { app: 'pod', 'pod-template-hash': 'x' },
      }),
    );

    assert.deepEqual(labels, { app: 'pod', kept: '1' });
    assert.deepEqual(staticLabels, { app: 'injected', kept: '1' });
  });

  it('writes the sanitised locality back, into both maps when they are one', () => {
    const { labels, staticLabels } = nodeLabels(input({ injected: { 'istio-locality': 'r.z' } }));

    assert.equal(labels['istio-locality'], 'r/z');
    assert.equal(staticLabels['istio-locality'], 'r/z');
  });

  it('leaves static labels as injected when the pod has labels of its own', () => {
    const { labels, staticLabels } = nodeLabels(
      input({ injected: { 'istio-locality': 'r.z' }, podLabels: {} }),
    );

    assert.equal(labels['istio-locality'], 'r/z');
    assert.equal(staticLabels['istio-locality'], 'r.z');
  });

  it('keeps labels from elsewhere in the metadata when there are no others', () => {
    const { labels } = nodeLabels(input({ decoded: { labels: { app: 'raw' }, staticLabels: {} } }));

    assert.deepEqual(labels, { app: 'raw' });
  });

  it('lets the platform win over injected labels', () => {
    const { staticLabels } = nodeLabels(input({ injected: { zone: 'a' }, platform: { zone: 'b' } }));

    assert.deepEqual(staticLabels, { zone: 'b' });
  });
});
