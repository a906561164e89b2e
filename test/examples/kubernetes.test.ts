// examples/kubernetes: its objects as Kubernetes' schemas judge them, its written-out pod as it runs, and its README's
// commands with what they print there.

import { deepEqual, equal, fail, match, ok } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import { runProgram } from '../../src/cli/main.ts';
import { missingExtensionText } from '../../src/status/readiness/readiness-report.ts';
import { readPodSpec } from '../e2e/support/pod-spec.ts';
import { namespaceObstacle } from '../iptables/network-namespace.ts';
import { recordingContext } from '../support/cli-context.ts';
import { judgeOrSkip } from '../support/judge.ts';
import { findKubernetesSchemas, RELEASES, schemaComplaints } from './kubernetes-schemas.ts';
import { readmeSessions, shows, type Session } from './readme-sessions.ts';
import { EXAMPLE, runPod } from './written-out-pod.ts';

const PROJECT = join(EXAMPLE, '../..');
const IMAGE = 'registry.example/mesh/sidecar-agent:0.1.0';

interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The documents of one file. @throws when its YAML has a mistake, or a key twice */
async function documents(name: string): Promise<readonly unknown[]> {
  const parsed = parseAllDocuments(await readFile(join(EXAMPLE, name), 'utf8'));
  return parsed.map((document) => {
    for (const error of [...document.errors, ...document.warnings]) throw error;
    return document.toJS() as unknown;
  });
}

/** The objects of Kubernetes' own groups, by file. */
async function kubernetesObjects(): Promise<ReadonlyMap<string, readonly KubernetesObject[]>> {
  const names = (await readdir(EXAMPLE)).filter((name) => name.endsWith('.yaml')).toSorted();
  const found = await Promise.all(names.map(async (name) => [name, await documents(name)] as const));
  return new Map(found.map(([name, all]) => [name, all.filter(isOfKubernetes)]));
}

function isOfKubernetes(document: unknown): document is KubernetesObject {
  const { apiVersion = '' } = document as Partial<KubernetesObject>;
  return /^(?:\w+\/)?v\d+$/.test(apiVersion);
}

describe('examples/kubernetes', function () {
  this.timeout(120_000);

  it('has objects that Kubernetes takes', async function () {
    const schemas = await judgeOrSkip(this, findKubernetesSchemas);
    const files = [...(await kubernetesObjects())];
    const objects = files.flatMap(([, all]) => all);
    const [pod] = (await documents('pod-written-out.yaml')) as [{ readonly spec: object }];
    const wrong = { ...pod, spec: { ...pod.spec, restartPolcy: 'Always' } };

    const [judgeComplaints = [], ...complaints] = await schemaComplaints(schemas, [wrong, ...objects]);

    deepEqual(complaints.flat(), []);
    equal(judgeComplaints.length, RELEASES.length, 'a judge that finds nothing');
    ok(judgeComplaints.every((complaint) => complaint.includes('restartPolcy')));
    deepEqual(
      files.flatMap(([name, all]) => all.map(({ kind }) => `${name} ${kind}`)),
      [
        'deployment.yaml ServiceAccount',
        'deployment.yaml Service',
        'deployment.yaml Deployment',
        'gateway-written-out.yaml Deployment',
        'gateway.yaml ServiceAccount',
        'gateway.yaml Service',
        'gateway.yaml Deployment',
        'job.yaml ServiceAccount',
        'job.yaml Job',
        'pod-written-out.yaml Pod',
      ],
    );
  });

  it('says the same in Helm values, for istioctl and in the error of the agent', async () => {
    const [image] = (await documents('values-image.yaml')) as [{ readonly global: object }];
    const [envoy] = (await documents('values-upstream-envoy.yaml')) as [IstiodValues];
    const [operator] = (await documents('istio-operator.yaml')) as [IstioOperator];

    const { meshConfig, values } = operator.spec;
    deepEqual(values, { ...image, pilot: { env: envoy.env } });
    deepEqual(meshConfig, envoy.meshConfig);
    deepEqual(image.global, { proxy: { image: IMAGE }, proxy_init: { image: IMAGE } });
    const told = missingExtensionText('istio.alpn');
    for (const [name, value] of Object.entries(envoy.env)) ok(told.includes(`${name}=${value}`), name);
    ok(told.includes('meshConfig.defaultProviders.metrics: []'));
  });

  it('has commands for what this repository offers', async () => {
    const guides = ['README.md', 'examples/kubernetes/README.md', 'examples/vm/README.md'];
    const text = (await Promise.all(guides.map((name) => readFile(join(PROJECT, name), 'utf8')))).join('\n');
    const { scripts } = JSON.parse(await readFile(join(PROJECT, 'package.json'), 'utf8')) as Package;
    const dockerfile = await readFile(join(PROJECT, 'Dockerfile'), 'utf8');

    const scriptNames = Array.from(text.matchAll(/\bnpm run (?:-s )?([\w:]+)/g), ([, name = '']) => name);
    const buildArguments = Array.from(text.matchAll(/--build-arg (\w+)/g), ([, name = '']) => name);

    deepEqual(
      scriptNames.filter((name) => scripts[name] === undefined),
      [],
    );
    ok(scriptNames.includes('build'));
    deepEqual(
      buildArguments.filter((name) => !dockerfile.includes(`\nARG ${name}=`)),
      [],
    );
    ok(buildArguments.includes('ENVOY_FROM'));
  });

  it('has a gateway whose words and variables all count', async () => {
    const facts = { namespace: 'shop', nodeName: 'node-1', podIp: '192.0.2.7', hostIp: '192.0.2.1' };
    const pod = { name: 'edge-1', serviceAccount: 'edge', ...facts };
    const { proxy } = await readPodSpec(join(EXAMPLE, 'gateway-written-out.yaml'), pod);
    const [, ...words] = proxy.args;
    const { context, stdout, stderr } = recordingContext(['config', ...words], proxy.env);

    const code = await runProgram(context);

    equal(code, 0);
    equal(stderr(), '', 'nothing is ignored');
    match(stdout(), /^concurrency +ISTIO_CPU_LIMIT +2$/m);
    match(stdout(), /once no request is open, from 6s on and at 50s at the latest, .* grace period 1m0s$/m);
  });

  describePod();
});

interface Package {
  readonly scripts: Readonly<Record<string, string>>;
}

interface IstiodValues {
  readonly env: Readonly<Record<string, string>>;
  readonly meshConfig: object;
}

interface IstioOperator {
  readonly spec: { readonly meshConfig: object; readonly values: object };
}

function describePod(): void {
  const obstacle = namespaceObstacle();
  if (obstacle !== undefined) {
    if (process.env.CI === 'true') it('has a pod that runs', () => fail(obstacle));
    else console.log(`    the written-out pod is not run: ${obstacle}`);
    return;
  }

  it('has a pod that runs as it is written, and a README that tells what its commands print', async () => {
    const text = await readFile(join(EXAMPLE, 'README.md'), 'utf8');
    const sessions = readmeSessions(text).filter(({ words }) => words[0] === 'pilot-agent');
    ok(sessions.length >= 5, 'the README shows no commands');

    await runPod('pod-written-out.yaml', 'web', async (pod) => {
      const printed = await Promise.all(sessions.map(({ words }) => pod.exec(words)));
      for (const [index, { stdout }] of printed.entries()) expectShown(sessions[index], stdout);
    });
  });
}

function expectShown(session: Session | undefined, stdout: string): void {
  ok(session !== undefined);
  ok(shows(session.output, stdout), `${session.words.join(' ')} prints\n${stdout}\nnot\n${session.output}`);
}
