// Tests with a kubelet that runs pods for real. Need root and podman.

import { fail } from 'node:assert/strict';

import { baseImage } from '../../podman/base-image.ts';
import { Podman } from '../../podman/podman.ts';
import { whatIsMissing } from '../../podman/requirements.ts';
import { Kubelet } from '../kubelet.ts';
import { testCluster, type TestCluster } from './test-cluster.ts';

export interface KubeletUnderTest {
  readonly kubelet: Kubelet;
  readonly cluster: TestCluster;
  readonly podman: Podman;
  /** Name of the image of every container: Debian with Python. */
  readonly image: string;
}

/** For a wait of a test, and for a test. */
export const TIMEOUT_MS = 60_000;

/** The base image may have to be made first. */
const IMAGE_TIMEOUT_MS = 600_000;

/** @param tests gets what returns the kubelet once tests run */
export function describeKubelet(title: string, tests: (parts: () => KubeletUnderTest) => void): void {
  const obstacle = whatIsMissing();
  describe(title, function () {
    this.timeout(TIMEOUT_MS);
    if (obstacle !== undefined) {
      if (process.env.CI === 'true') it('runs pods', () => fail(obstacle));
      else console.log(`    pods are not run: ${obstacle}`);
      return;
    }
    let parts: KubeletUnderTest | undefined;

    before(async function () {
      this.timeout(IMAGE_TIMEOUT_MS);
      const podman = await Podman.open();
      const image = await baseImage(podman);
      const cluster = testCluster(image, { 'istiod.mesh.svc.cluster.local': '10.1.2.3' });
      parts = { kubelet: await Kubelet.start(podman, cluster), cluster, podman, image };
    });

    after(() => parts?.kubelet[Symbol.asyncDispose]());

    tests(() => {
      if (parts === undefined) throw new Error('no kubelet was started');
      return parts;
    });
  });
}
