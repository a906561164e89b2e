// A pod as this kubelet runs it: Kubernetes' own names, with the defaults of the API server filled in. read/ makes it
// from YAML.

export interface PodSpec {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** What the document was: `Pod`, `Deployment`, `Job`… */
  readonly kind: string;
  readonly serviceAccountName: string;
  /** False when the pod wants no token for the API server. */
  readonly automountServiceAccountToken: boolean;
  readonly restartPolicy: RestartPolicy;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: PodSecurityContext;
  readonly initContainers: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
  readonly volumes: readonly VolumeSpec[];
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never';

export interface PodSecurityContext {
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  readonly runAsNonRoot: boolean | undefined;
  readonly fsGroup: number | undefined;
  readonly sysctls: readonly { readonly name: string; readonly value: string }[];
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  /** Undefined: the image's own entrypoint. */
  readonly command: readonly string[] | undefined;
  /** Undefined: the image's own, unless there is a command. */
  readonly args: readonly string[] | undefined;
  readonly env: readonly VariableSpec[];
  readonly ports: readonly PortSpec[];
  readonly resources: ResourceAmounts;
  readonly securityContext: ContainerSecurityContext;
  readonly volumeMounts: readonly MountSpec[];
  readonly lifecycle: { readonly postStart: Action | undefined; readonly preStop: Action | undefined };
  readonly startupProbe: ProbeSpec | undefined;
  readonly readinessProbe: ProbeSpec | undefined;
  readonly livenessProbe: ProbeSpec | undefined;
  /** True in an init container with `restartPolicy: Always`. */
  readonly isSidecar: boolean;
}

export interface PortSpec {
  readonly name: string | undefined;
  readonly containerPort: number;
  readonly protocol: string;
}

export interface ResourceAmounts {
  /** Kubernetes quantities such as `100m` and `1Gi`. */
  readonly limits: Readonly<Record<string, string>>;
  readonly requests: Readonly<Record<string, string>>;
}

export interface ContainerSecurityContext {
  readonly runAsUser: number | undefined;
  readonly runAsGroup: number | undefined;
  readonly runAsNonRoot: boolean | undefined;
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  readonly readOnlyRootFilesystem: boolean;
  readonly allowPrivilegeEscalation: boolean;
}

export interface VariableSpec {
  readonly name: string;
  readonly value: string;
  readonly valueFrom: ValueSource | undefined;
}

export interface ResourceReference {
  readonly resource: string;
  readonly divisor: string;
}

export type ValueSource =
  | { readonly from: 'field'; readonly fieldPath: string }
  | ({ readonly from: 'resource' } & ResourceReference);

export interface MountSpec {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

export type Action =
  | { readonly do: 'exec'; readonly command: readonly string[] }
  | HttpGetAction
  | { readonly do: 'tcpSocket'; readonly port: number | string }
  | { readonly do: 'sleep'; readonly seconds: number };

export interface HttpGetAction {
  readonly do: 'httpGet';
  readonly scheme: 'HTTP' | 'HTTPS';
  readonly path: string;
  readonly port: number | string;
}

export interface ProbeSpec {
  readonly action: Action;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export type VolumeSpec = { readonly name: string } & VolumeSource;

export type VolumeSource =
  | { readonly kind: 'emptyDir'; readonly inMemory: boolean }
  | { readonly kind: 'projected'; readonly sources: readonly Projection[] };

/** What files of a volume are made of. Volumes of one source (configMap, secret, downwardAPI) are projected too. */
export type Projection =
  | {
      /** Every key is a file of its name. */
      readonly from: 'configMap' | 'secret';
      readonly name: string;
      readonly optional: boolean;
    }
  | { readonly from: 'downwardAPI'; readonly items: readonly DownwardFile[] }
  | {
      readonly from: 'serviceAccountToken';
      readonly audience: string;
      readonly expirationSeconds: number;
      readonly path: string;
    };

export interface DownwardFile {
  readonly path: string;
  readonly fieldPath: string;
}
