import { deepEqual, equal, throws } from 'node:assert/strict';

import { containerOf, type Yaml } from '../support/pod-yaml.ts';
import { capabilityArguments, userOf } from './identity.ts';

function user(own: Yaml, podWide: Yaml = {}, imageUser = ''): string {
  const { pod, container } = containerOf({ securityContext: own }, { securityContext: podWide });
  return userOf(container, pod, imageUser);
}

describe('userOf', () => {
  it('prefers the container to the pod and the pod to the image', () => {
    equal(user({ runAsUser: 1 }, { runAsUser: 2 }, '3'), '1');
    equal(user({}, { runAsUser: 2 }, '3:4'), '2');
    equal(user({}, {}, '3:4'), '3:4');
    equal(user({}), '0');
  });

  it('joins user and group, wherever each comes from', () => {
    equal(user({ runAsUser: 0 }, { runAsGroup: 1337 }), '0:1337');
    equal(user({ runAsGroup: 5 }, {}, 'proxy:7'), 'proxy:5');
  });

  it('refuses root, and names that may be root, where that is forbidden', () => {
    const runAsNonRoot = true;

    equal(user({ runAsNonRoot, runAsUser: 1337 }), '1337');
    equal(user({ runAsNonRoot: false, runAsUser: 0 }, { runAsNonRoot }), '0');
    throws(() => user({ runAsNonRoot, runAsUser: 0 }), /app: runAsNonRoot.* as root/);
    throws(() => user({}, { runAsNonRoot }, ''), /as root/);
    throws(() => user({ runAsNonRoot }, {}, 'proxy'), /names its user: proxy/);
  });
});

describe('capabilityArguments', () => {
  const args = (capabilities: Yaml, who: string): readonly string[] =>
    capabilityArguments(containerOf({ securityContext: { capabilities } }).container, who);

  it('add to nothing for root when all are dropped', () => {
    const all = args({ drop: ['ALL'], add: ['NET_ADMIN', 'CAP_NET_RAW'] }, '0:0');

    deepEqual(all, ['--cap-drop=ALL', '--cap-add=NET_ADMIN', '--cap-add=NET_RAW']);
  });

  it('are those of containerd for root when nothing is said', () => {
    equal(args({}, '0').length, 15);
    equal(args({ drop: ['KILL'] }, '0').includes('--cap-add=KILL'), false);
  });

  it('are only taken away from another user', () => {
    deepEqual(args({ drop: ['ALL'], add: ['NET_ADMIN'] }, '1337:1337'), ['--cap-drop=ALL']);
  });
});
