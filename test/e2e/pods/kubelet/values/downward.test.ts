import { equal, throws } from 'node:assert/strict';

import type { ResourceReference } from '../pod-spec.ts';
import { containerOf, podOf } from '../support/pod-yaml.ts';
import { contextOf } from '../support/value-context.ts';
import { fieldValue, mapText, resourceValue } from './downward.ts';

const METADATA = { labels: { app: 'web', 'a/b': 'c' }, annotations: { note: 'say "hi"' } };

describe('fieldValue', () => {
  const pod = podOf({ serviceAccountName: 'robot' }, METADATA);
  const { placement } = contextOf(pod);
  const cases: Readonly<Record<string, string>> = {
    'metadata.name': 'web',
    'metadata.namespace': 'shop',
    'metadata.uid': pod.uid,
    "metadata.labels['a/b']": 'c',
    "metadata.labels['none']": '',
    "metadata.annotations['note']": 'say "hi"',
    'metadata.labels': 'a/b="c"\napp="web"',
    'spec.nodeName': 'node-1',
    'spec.serviceAccountName': 'robot',
    'status.podIP': '10.0.0.7',
    'status.podIPs': '10.0.0.7',
    'status.hostIP': '10.0.0.1',
  };
  for (const [path, expected] of Object.entries(cases)) {
    it(`knows ${path}`, () => {
      const value = fieldValue(path, pod, placement);

      equal(value, expected);
    });
  }

  it('refuses other paths by name', () => {
    throws(() => fieldValue('status.phase', pod, placement), /the field status\.phase/);
  });
});

describe('mapText', () => {
  it('writes sorted lines with values as Go quotes them, and no last newline', () => {
    const text = mapText({ b: 'two\nlines\t"x"\\', a: 'ü ✓', B: '\u0007\u007f\u00a0\u{e0001}' });

    equal(text, 'B="\\a\\x7f\\u00a0\\U000e0001"\na="ü ✓"\nb="two\\nlines\\t\\"x\\"\\\\"');
  });
});

describe('resourceValue', () => {
  const { pod, container } = containerOf({
    resources: { limits: { cpu: '1500m' }, requests: { memory: '128Mi' } },
  });
  const { placement } = contextOf(pod);
  const ask = (reference: Partial<ResourceReference>): string =>
    resourceValue({ resource: 'limits.cpu', divisor: '1', ...reference }, container, placement);

  it('gives limits and requests in units of the divisor', () => {
    equal(ask({}), '2');
    equal(ask({ divisor: '1m' }), '1500');
    equal(ask({ resource: 'requests.memory', divisor: '1Mi' }), '128');
    equal(ask({ resource: 'requests.cpu', divisor: '1m' }), '1500');
  });

  it('gives what the node has where there is no limit', () => {
    equal(ask({ resource: 'limits.memory', divisor: '1Gi' }), '16');
  });

  it('refuses unknown resources by name', () => {
    throws(() => ask({ resource: 'limits.hugepages-2Mi' }), /limits\.hugepages-2Mi/);
  });
});
