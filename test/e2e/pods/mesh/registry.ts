// The cluster around the node, as the kubelet and the pods ask for it: which pods there are, what they are called, and
// what config maps, secrets and tokens hold.

import type { Cluster, TokenRequest } from '../kubelet/contract.ts';
import type { ContainerSpec, PodSpec } from '../kubelet/pod-spec.ts';
import { configuration } from './configuration.ts';
import type { Images } from './images.ts';
import type { Member } from './member.ts';
import { hostOf, servicesOf } from './services.ts';
import type { Trust } from './trust.ts';

const SYSTEM_NAMESPACE = 'istio-system';
const DISCOVERY_SERVICE = 'istiod';
/** In the system's namespace: the configuration directory of the control plane, and its state directory. */
const CONFIG_MAP = 'mesh-config';
const STATE_SECRET = 'cacerts';

/** In every namespace: whom pods trust. */
const ROOT_CONFIG_MAP = 'istio-ca-root-cert';
const ROOT_KEY = 'root-cert.pem';
const CLUSTER_DOMAIN = '.cluster.local';

export class Registry implements Cluster {
  /** Where the control plane is; undefined before its first start. */
  discoveryAddress: string | undefined;
  readonly #images: Images;
  readonly #trust: Trust;
  readonly #members = new Map<string, Member>();

  constructor(images: Images, trust: Trust) {
    this.#images = images;
    this.#trust = trust;
  }

  /** A pod that is there already is replaced. */
  set(member: Member): void {
    this.#members.set(keyOf(member), member);
  }

  get(pod: PodName): Member | undefined {
    return this.#members.get(keyOf(pod));
  }

  remove(pod: PodName): void {
    this.#members.delete(keyOf(pod));
  }

  readonly image = (_name: string, pod: PodSpec, container: ContainerSpec): string =>
    this.#images.name(pod, container);

  readonly configMap = (namespace: string, name: string): ReadonlyMap<string, string> | undefined => {
    if (name === ROOT_CONFIG_MAP) return new Map([[ROOT_KEY, this.#trust.rootCertificate]]);
    if (namespace !== SYSTEM_NAMESPACE || name !== CONFIG_MAP) return undefined;
    return configuration([...this.#members.values()]);
  };

  readonly secret = (namespace: string, name: string): ReadonlyMap<string, string> | undefined =>
    namespace === SYSTEM_NAMESPACE && name === STATE_SECRET ? this.#trust.files : undefined;

  readonly token = (request: TokenRequest): Promise<string> => this.#trust.token(request);

  /** Knows `<service>.<namespace>.svc`, with or without the cluster's domain. */
  readonly resolve = (name: string): readonly string[] | undefined => {
    const host = name.endsWith('.svc') ? `${name}${CLUSTER_DOMAIN}` : name;
    if (host === hostOf(DISCOVERY_SERVICE, SYSTEM_NAMESPACE)) {
      return this.discoveryAddress === undefined ? undefined : [this.discoveryAddress];
    }
    return servicesOf([...this.#members.values()]).find((service) => service.host === host)?.addresses;
  };
}

export interface PodName {
  readonly name: string;
  readonly namespace: string;
}

function keyOf({ name, namespace }: PodName): string {
  return `${namespace}/${name}`;
}
