// A kubelet that runs one pod until somebody kills this process. Argument: the image.

import { Podman } from '../../podman/podman.ts';
import { Kubelet } from '../kubelet.ts';
import { testCluster } from './test-cluster.ts';
import { APPLICATION, podOf } from './pod-yaml.ts';

const command = ['sleep', '600'];
const volumes = [{ name: 'memory', emptyDir: { medium: 'Memory' } }];

const kubelet = await Kubelet.start(await Podman.open(), testCluster(process.argv[2] ?? ''));
const pod = await kubelet.run(podOf({ volumes, containers: [{ ...APPLICATION, command }] }));
await pod.untilReady(60_000);
console.log(kubelet.nodeNamespace);
