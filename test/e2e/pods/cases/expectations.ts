// What is expected of each pod: a row per pod, with names of checks.ts in the order in which they are tried. The first
// says what the pod comes to; when that fails, the others are not tried. The first pod of the table is the peer of all
// others, the second is its own.

import type { EndCheckName, RunningCheckName } from './checks.ts';
import type { PodSource } from './results.ts';

export interface PodCase {
  readonly name: string;
  readonly source: PodSource;
  /** Own pods: in pods/; others: in the folder of injected pods. */
  readonly file: string;
  /** What has to be another in the file, because the mesh of the tests has it elsewhere. */
  readonly replace?: readonly [string, string];
  /** The mesh refuses plain text to it. Default: it is permissive. */
  readonly strict?: true;
  /** Its rules are set from the node, as a CNI plugin does it. */
  readonly rulesFromNode?: true;
  readonly expects: readonly RunningCheckName[];
  /** Empty: it has ended by itself, or never began. */
  readonly expectsAtItsEnd: readonly EndCheckName[];
}

type Expected = readonly RunningCheckName[];

const READY: Expected = ['is ready in time'];
const RULES: Expected = ['has the rules of its arguments', 'has its ports and users in the kernel'];
const ENVOY: Expected = ['runs Envoy as the pod says', 'answers its own probes'];
const PROCESSES: Expected = ['runs as its user', 'leaves no zombie', 'shows its memory'];
const LOCKED_DOWN: Expected = ['has a read-only root', 'gives its files their modes'];
const QUIET: Expected = ['restarts nothing', 'logs no secret', 'logs no trouble'];
const CONTAINER: Expected = [...PROCESSES, ...LOCKED_DOWN, ...QUIET];
const CALLED: Expected = ['is called over mTLS', 'takes plain text from outside the mesh'];
const PROBED: Expected = ['answers rewritten probes', 'tells of a failing application'];

/** A sidecar beside an application, whatever its layout and its rules. */
const SIDECAR: Expected = [...READY, ...RULES, ...ENVOY, ...CONTAINER];
const IN_THE_MESH: Expected = [...SIDECAR, 'calls over mTLS', ...CALLED];
const REDIRECTED: Expected = [...IN_THE_MESH, 'is called by its sidecar'];
const TRANSPARENT: Expected = [...IN_THE_MESH, 'keeps the source address'];
const NATIVE: Expected = [...REDIRECTED, 'starts its application after the proxy'];
const GATEWAY: Expected = [
  ...READY,
  'has no rules',
  ...ENVOY,
  'routes into the mesh',
  'answers unknown hosts with 404',
  'shows its metrics',
  ...PROCESSES,
  'gives its files their modes',
  ...QUIET,
];
/** Port 80 is no inbound port of theirs, and the network of the tests no range of theirs. */
const TRAFFIC: Expected = [
  ...SIDECAR,
  'takes its inbound ports',
  'leaves other inbound ports alone',
  'leaves other addresses alone',
];

type ExpectedAtTheEnd = readonly EndCheckName[];

const ENDS: ExpectedAtTheEnd = ['ends within its grace period', 'ends with exit code 0'];
const ENDS_SERVED: ExpectedAtTheEnd = [...ENDS, 'fails no request in flight'];
const ENDS_DRAINED: ExpectedAtTheEnd = [...ENDS_SERVED, 'drains before it ends'];

export const OWN_PODS: readonly PodCase[] = [
  {
    ...own('classic-1.7'),
    expects: [...REDIRECTED, 'shows its metrics'],
    expectsAtItsEnd: ENDS, // when it ends, nobody is left to call it
  },
  {
    ...own('native-sidecar'),
    expects: [
      ...NATIVE,
      ...PROBED,
      'leaves other inbound ports alone',
      'leaves excluded outbound ports alone',
      'answers names of the mesh',
      'merges metrics',
      'runs its postStart hooks',
    ],
    expectsAtItsEnd: [...ENDS_DRAINED, 'runs its preStop hooks'],
  },
  {
    ...own('job'),
    expects: [
      'finishes, and its sidecar with it',
      'has its ports and users in the kernel',
      'starts its application after the proxy',
      ...QUIET,
    ],
    expectsAtItsEnd: [],
  },
  {
    ...own('hold'),
    expects: [...REDIRECTED, 'starts its application after the proxy', 'runs its postStart hooks'],
    expectsAtItsEnd: ENDS_SERVED,
  },
  {
    ...own('cni'),
    rulesFromNode: true,
    expects: [...NATIVE, 'finds the rules of the plugin'],
    expectsAtItsEnd: ENDS_DRAINED,
  },
  {
    ...own('cni'),
    name: 'cni-without-rules',
    expects: ['fails with exit code 126 without rules'],
    expectsAtItsEnd: [],
  },
  {
    ...own('arbitrary-uid'),
    strict: true,
    expects: [
      ...SIDECAR,
      'calls over mTLS',
      'is called over mTLS',
      'refuses plain text from outside the mesh',
    ],
    expectsAtItsEnd: ENDS,
  },
  { ...own('gateway'), expects: [...GATEWAY, 'has a read-only root'], expectsAtItsEnd: ENDS },
];

/** The discovery address of the injector's test data, and where the control plane of the tests is. */
const REPLACE_ADDRESS = { replace: ['foo:123', 'istiod.istio-system.svc:15012'] } as const;

export const INJECTED_PODS: readonly PodCase[] = [
  { ...injected('v1.31', 'hello'), expects: [...NATIVE, 'shows its metrics'], expectsAtItsEnd: ENDS_DRAINED },
  { ...injected('v1.31', 'hello-old-version'), expects: REDIRECTED, expectsAtItsEnd: ENDS_SERVED },
  { ...injected('v1.31', 'hello-tproxy'), expects: TRANSPARENT, expectsAtItsEnd: ENDS_DRAINED },
  {
    ...injected('v1.31', 'hello-probes'),
    expects: [...NATIVE, ...PROBED, 'runs its postStart hooks'],
    expectsAtItsEnd: [...ENDS_DRAINED, 'runs its preStop hooks'],
  },
  {
    ...injected('v1.31', 'hello-probes-proxyHoldApplication-ProxyConfig'),
    expects: [...NATIVE, ...PROBED],
    expectsAtItsEnd: ENDS_DRAINED,
  },
  {
    ...injected('v1.31', 'hello-multiport-metrics'),
    expects: [...NATIVE, 'merges metrics'],
    expectsAtItsEnd: ENDS_DRAINED,
  },
  {
    ...injected('v1.31', 'merge-probers'),
    expects: [...NATIVE, ...PROBED, 'runs its postStart hooks'],
    expectsAtItsEnd: ENDS_DRAINED,
  },
  {
    ...injected('v1.31', 'traffic-annotations'),
    ...REPLACE_ADDRESS,
    expects: TRAFFIC,
    expectsAtItsEnd: ENDS,
  },
  { ...injected('v1.31', 'gateway'), expects: GATEWAY, expectsAtItsEnd: ENDS },
  {
    ...injected('v1.31', 'grpc-agent'),
    expects: [
      ...READY,
      'has no rules',
      'runs its postStart hooks',
      'answers its own probes',
      'writes bootstrap and certificates',
      'calls by proxyless xDS',
      ...PROCESSES,
      ...QUIET,
    ],
    expectsAtItsEnd: ENDS,
  },
  {
    ...injected('v1.31', 'hello.yaml.cni'),
    rulesFromNode: true,
    expects: [...NATIVE, 'finds the rules of the plugin'],
    expectsAtItsEnd: ENDS_DRAINED,
  },
  {
    ...injected('v1.31', 'hello.yaml.cni'),
    name: 'hello.yaml.cni without rules',
    expects: ['fails with exit code 126 without rules'],
    expectsAtItsEnd: [],
  },
  { ...injected('v1.7', 'hello'), expects: REDIRECTED, expectsAtItsEnd: ENDS_SERVED },
  { ...injected('v1.7', 'hello-tproxy'), expects: TRANSPARENT, expectsAtItsEnd: ENDS_SERVED },
  { ...injected('v1.7', 'traffic-annotations'), ...REPLACE_ADDRESS, expects: TRAFFIC, expectsAtItsEnd: ENDS },
];

function own(name: string): Pick<PodCase, 'name' | 'source' | 'file'> {
  return { name, source: 'own', file: `${name}.yaml` };
}

function injected(source: 'v1.31' | 'v1.7', name: string): Pick<PodCase, 'name' | 'source' | 'file'> {
  const file = name.includes('.yaml') ? name : `${name}.yaml`;
  return { name, source, file: `${source}/${file}.injected` };
}
