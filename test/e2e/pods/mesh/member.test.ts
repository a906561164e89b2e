import { deepEqual, equal } from 'node:assert/strict';

import { type Member, memberOf, type MemberPort } from './member.ts';
import { application, podOf, type PodYaml, SIDECAR } from './support/pod-yaml.ts';

const PLACE = { name: 'web-1', namespace: 'shop', ip: '10.0.0.7' };

function member(yaml: PodYaml): Member {
  return memberOf(podOf(yaml), PLACE);
}

function ports(yaml: PodYaml): readonly MemberPort[] {
  return member(yaml).ports;
}

describe('memberOf', () => {
  it('takes protocols from the names of ports', () => {
    const containers = [
      application('web', { http: 80, 'grpc-api': 81, 'http-metrics': 82, redis: 83, https: 84 }),
    ];

    const protocols = ports({ ...SIDECAR, containers }).map(({ protocol }) => protocol);

    deepEqual(protocols, ['http', 'grpc', 'http', 'tcp', 'tcp']);
  });

  it('has callers use mTLS only on ports that the rules capture', () => {
    const containers = [application('web', { http: 80, other: 81, third: 82 })];
    const capture = ['-b', '80,81', '-d', '15020,81'];

    const tls = ports({ ...SIDECAR, capture, containers }).map((port) => port.tls);

    deepEqual(tls, [true, false, false]);
  });

  it('has callers use plain text towards pods without the label, without rules, or without a proxy', () => {
    const containers = [application('web', { http: 80 })];
    const { labels, capture, proxy } = SIDECAR;
    const pods: PodYaml[] = [
      { ...SIDECAR, labels: {} },
      { labels: labels ?? {}, proxy: proxy ?? [] },
      { labels: labels ?? {}, capture: capture ?? [] },
    ];

    deepEqual(
      pods.map((pod) => ports({ ...pod, containers })[0]?.tls),
      [false, false, false],
    );
  });

  it('knows what runs in the pod by the container of the agent', () => {
    const pods: PodYaml[] = [
      SIDECAR,
      { proxy: ['proxy', 'router'] },
      { proxy: ['proxy', 'sidecar'], env: { DISABLE_ENVOY: 'true' } },
      {},
    ];

    deepEqual(
      pods.map((pod) => member(pod).role),
      ['sidecar', 'router', 'proxyless', 'none'],
    );
  });

  it('knows the interception mode from the environment of the agent', () => {
    const env = { ISTIO_META_INTERCEPTION_MODE: 'TPROXY' };

    equal(member({ ...SIDECAR, env }).interception, 'TPROXY');
    equal(member(SIDECAR).interception, 'REDIRECT');
  });

  it('puts the pod behind the service of its canonical name, of its label app, or of its own name', () => {
    const canonical = { app: 'web', 'service.istio.io/canonical-name': 'shop-web' };

    deepEqual(
      [canonical, { app: 'web' }, {}].map((labels) => member({ labels }).service),
      ['shop-web', 'web', 'web-1'],
    );
  });
});
