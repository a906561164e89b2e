import { deepEqual, equal, ok } from 'node:assert/strict';

import { containerOf, type Yaml } from '../support/pod-yaml.ts';
import { runArguments } from './run-arguments.ts';

function args(yaml: Yaml, spec: Yaml = {}): readonly string[] {
  const { pod, container } = containerOf(yaml, spec);
  return runArguments(container, pod, {
    name: 'pod-app-0',
    image: 'localhost/app',
    imageUser: '',
    hostname: 'web',
    networkNamespace: '/run/netns/pod',
    pidFile: '/tmp/pid',
    variables: new Map([['NS', 'shop']]),
    mounts: [{ source: '/a', target: '/b', isReadOnly: true }],
  });
}

/** What follows the image. */
function words(yaml: Yaml): readonly string[] {
  const all = args(yaml);
  return all.slice(all.indexOf('localhost/app') + 1);
}

describe('runArguments', () => {
  it('replace the arguments of the image, or its command with them', () => {
    const entrypoint = '--entrypoint=["sh","-c"]';

    deepEqual(words({ args: ['--domain', '$(NS).svc'] }), ['--domain', 'shop.svc']);
    ok(!args({ args: ['a'] }).some((word) => word.startsWith('--entrypoint')));
    ok(args({ command: ['sh', '-c'], args: ['$(NS)'] }).includes(entrypoint));
    deepEqual(words({ command: ['sh', '-c'] }), []);
  });

  it('join the network of the pod and mount what it is given', () => {
    const all = args({});

    ok(all.includes('--network=ns:/run/netns/pod'));
    ok(all.includes('type=bind,src=/a,dst=/b,ro=true'));
    ok(all.includes('NS=shop'));
  });

  it('limit what is limited', () => {
    const limited = args({ resources: { limits: { cpu: '1500m', memory: '64Mi' } } });

    ok(limited.includes('--cpus=1.5'));
    ok(limited.includes('--memory=67108864'));
    ok(!args({}).some((word) => /^--(cpus|memory)/.test(word)));
  });

  it('follow the security context', () => {
    const context = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsUser: 7 };
    const strict = args({ securityContext: context }, { securityContext: { fsGroup: 9 } });

    for (const word of ['--user=7', '--group-add=9', '--read-only', '--security-opt=no-new-privileges'])
      ok(strict.includes(word), word);
    equal(args({}).includes('--read-only'), false);
  });
});
