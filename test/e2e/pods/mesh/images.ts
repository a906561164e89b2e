// Which image stands for the name in a pod's YAML: the agent for its containers, else an application.

import type { ContainerSpec, PodSpec } from '../kubelet/pod-spec.ts';
import { agentImage } from '../podman/agent-image.ts';
import type { Podman } from '../podman/podman.ts';
import { ApplicationImages } from './application-image.ts';
import { applicationPorts } from './application-ports.ts';

/** Those that the injector writes, and that of the control plane. */
const AGENT_CONTAINERS: ReadonlySet<string> = new Set([
  'istio-init',
  'istio-validation',
  'istio-proxy',
  'discovery',
]);

export class Images {
  readonly #agent: string;
  readonly #applications: ApplicationImages;

  private constructor(agent: string, applications: ApplicationImages) {
    this.#agent = agent;
    this.#applications = applications;
  }

  /** Builds what is not up to date. */
  static async open(podman: Podman): Promise<Images> {
    return new Images(await agentImage(podman), await ApplicationImages.open(podman));
  }

  /** Builds the images of the pod's applications; `name` knows them all before. */
  async prepare(pod: PodSpec): Promise<void> {
    for (const container of [...pod.initContainers, ...pod.containers]) {
      if (!AGENT_CONTAINERS.has(container.name))
        await this.#applications.make(applicationPorts(pod, container));
    }
  }

  name(pod: PodSpec, container: ContainerSpec): string {
    if (AGENT_CONTAINERS.has(container.name)) return this.#agent;
    return this.#applications.name(applicationPorts(pod, container));
  }
}
