import { deepEqual, equal, match, throws } from 'node:assert/strict';

import { APPLICATION, containerOf, podOf } from '../support/pod-yaml.ts';
import { readPods } from './workload.ts';

describe('readPods', () => {
  it('takes pods, and one pod of each template, named as its controller would', () => {
    const template =
      '{ metadata: { labels: { app: web } }, spec: { containers: [{ name: app, image: a }] } }';
    const documents = [
      'kind: Service\nmetadata: { name: web }',
      'kind: Pod\nmetadata: { name: one }\nspec: { containers: [{ name: app, image: a }] }',
      `kind: Deployment\nmetadata: { name: web, namespace: shop }\nspec: { replicas: 7, template: ${template} }`,
      `kind: Job\nmetadata: { name: report }\nspec: { template: ${template} }`,
      '',
    ];

    const pods = readPods(documents.join('\n---\n'));

    deepEqual(
      pods.map(({ name }) => name.replaceAll(/[0-9a-f]{5,}/g, 'x')),
      ['one', 'web-x-x', 'report-x'],
    );
    deepEqual(
      pods.map(({ namespace }) => namespace),
      ['default', 'shop', 'default'],
    );
    match(pods[1]?.labels['pod-template-hash'] ?? '', /^[0-9a-f]{10}$/);
  });

  it('fills in what the API server would', () => {
    const probe = { httpGet: { port: 'http' } };
    const { pod, container } = containerOf({ readinessProbe: probe, resources: { limits: { cpu: 2 } } });

    equal(pod.restartPolicy, 'Always');
    equal(pod.terminationGracePeriodSeconds, 30);
    equal(pod.serviceAccountName, 'default');
    equal(container.securityContext.allowPrivilegeEscalation, true);
    deepEqual(container.resources.requests, { cpu: '2' });
    deepEqual(container.readinessProbe, {
      action: { do: 'httpGet', scheme: 'HTTP', path: '/', port: 'http' },
      initialDelaySeconds: 0,
      periodSeconds: 10,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 3,
    });
  });

  it('takes a volume without a source for an empty directory', () => {
    const text = `{ kind: Pod, spec: { containers: [], volumes: [
      { name: a }, { name: b, emptyDir: { medium: Memory } },
      { name: c, configMap: { name: m, optional: true } } ] } }`;

    const [pod] = readPods(text);

    deepEqual(pod?.volumes, [
      { name: 'a', kind: 'emptyDir', inMemory: false },
      { name: 'b', kind: 'emptyDir', inMemory: true },
      { name: 'c', kind: 'projected', sources: [{ from: 'configMap', name: 'm', optional: true }] },
    ]);
  });

  it('tells sidecars from other init containers', () => {
    const sidecar = { ...APPLICATION, name: 'proxy', restartPolicy: 'Always' };

    const { initContainers } = podOf({ initContainers: [{ ...APPLICATION, name: 'init' }, sidecar] });

    deepEqual(
      initContainers.map(({ isSidecar }) => isSidecar),
      [false, true],
    );
  });

  it('refuses by name what it does not know and what it cannot do', () => {
    throws(() => containerOf({ stdin: true }), /does not know spec\.containers\[0\]\.stdin/);
    throws(() => podOf({ hostAliases: [] }), /does not know spec\.hostAliases/);
    throws(() => podOf({ hostNetwork: true }), /cannot do spec\.hostNetwork/);
    throws(
      () => containerOf({ securityContext: { privileged: true } }),
      /cannot do spec\.containers\[0\]\.securityContext\.privileged/,
    );
    throws(() => podOf({ dnsPolicy: 'Default' }), /spec\.dnsPolicy: Default/);
    throws(() => podOf({ volumes: [{ name: 'h', hostPath: { path: '/' } }] }), /volumes\[0\]\.hostPath/);
    throws(() => containerOf({ env: [{ name: 'A', value: 1 }] }), /env\[0\]\.value must be a string/);
    throws(() => containerOf({ livenessProbe: { periodSeconds: 1 } }), /must have one action/);
  });

  it('passes over what only a scheduler or the API server reads', () => {
    const spec = { nodeSelector: { a: 'b' }, tolerations: [{ key: 'a' }], hostNetwork: false };

    equal(podOf(spec).containers.length, 1);
  });
});
