import { deepEqual, equal } from 'node:assert/strict';

import { withServiceAccount } from './admission.ts';
import { APPLICATION, podOf } from './support/pod-yaml.ts';

const FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

describe('withServiceAccount', () => {
  it('mounts the credentials of the service account into every container', () => {
    const pod = withServiceAccount(podOf({ initContainers: [{ ...APPLICATION, name: 'init' }] }));

    const places = [...pod.initContainers, ...pod.containers].map((each) => each.volumeMounts[0]?.mountPath);
    deepEqual(places, [FOLDER, FOLDER]);
    equal(pod.volumes.length, 1);
  });

  it('mounts nothing over what is there, and nothing where the pod wants none', () => {
    const volumeMounts = [{ name: 'own', mountPath: FOLDER }];
    const own = withServiceAccount(
      podOf({ containers: [{ ...APPLICATION, volumeMounts }], volumes: [{ name: 'own' }] }),
    );
    const none = withServiceAccount(podOf({ automountServiceAccountToken: false }));

    equal(own.containers[0]?.volumeMounts.length, 1);
    deepEqual(none.volumes, []);
  });
});
