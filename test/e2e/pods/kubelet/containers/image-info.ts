// What an image says of the containers made from it.

import type { Podman } from '../../podman/podman.ts';

export interface ImageInfo {
  /** As podman knows it. */
  readonly image: string;
  /** Empty: root. */
  readonly user: string;
  /** A name such as `SIGTERM`. */
  readonly stopSignal: string;
}

interface ImageConfig {
  readonly User?: string;
  readonly StopSignal?: string;
}

/** @throws PodmanError when there is no such image */
export async function imageInfo(podman: Podman, image: string): Promise<ImageInfo> {
  const { stdout } = await podman.run(['image', 'inspect', '--format={{json .Config}}', image]);
  const { User = '', StopSignal = 'SIGTERM' } = JSON.parse(stdout) as ImageConfig;
  const stopSignal = StopSignal.startsWith('SIG') ? StopSignal : `SIG${StopSignal}`;
  return { image, user: User, stopSignal };
}
