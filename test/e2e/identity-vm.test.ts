// A virtual machine over three starts of its agent, with the real Envoy and the embedded control plane: the first by
// token, in trouble; the second by the certificate that the first left; the third by a certificate nobody renews.
// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { makeAuthority } from '../security/authority.ts';
import { ControlPlane } from './support/control-plane.ts';
import { answeringListener } from './support/mesh-resources.ts';
import { INJECTED_ARGS, Pod, type PodOptions } from './support/pod.ts';

const FILES = ['cert-chain.pem', 'key.pem', 'root-cert.pem'];
const TOKEN = 'var/run/secrets/tokens/istio-token';
const XDS_ROOT = 'xds-root.pem';
const BAD_TOKEN = 'nobody-accepts-this';
const DEBUG = '--log_output_level=all:debug';

/** What was seen of one start. */
interface Run {
  readonly log: string;
  /** What the control plane said meanwhile. */
  readonly controlLog: readonly string[];
  /** The provisioned files after the end, by name. */
  readonly files: ReadonlyMap<string, string>;
}

class VirtualMachine {
  readonly #root: string;
  readonly #control: ControlPlane;

  constructor(root: string, control: ControlPlane) {
    this.#root = root;
    this.#control = control;
  }

  path(name: string): string {
    return join(this.#root, name);
  }

  /** Trusts the control plane, with the credentials in `certs` and a token that may be bad. */
  async run(options: Partial<PodOptions>, live: (pod: Pod) => Promise<void>): Promise<Run> {
    const before = this.#control.recorded.messages().length;
    const env = {
      PROV_CERT: './certs',
      CA_ROOT_CA: './var/run/secrets/istio/root-cert.pem',
      XDS_ROOT_CA: './var/run/secrets/istio/root-cert.pem',
      ...options.env,
    };
    const args = [...INJECTED_ARGS.slice(0, -1), DEBUG];
    await using pod = await Pod.start(this.#root, { control: this.#control, args, ...options, env });
    await live(pod);
    await pod.stop();
    const controlLog = this.#control.recorded.messages().slice(before);
    return { log: await pod.log(), controlLog, files: await this.#provisioned() };
  }

  async #provisioned(): Promise<ReadonlyMap<string, string>> {
    const names = await readdir(this.path('certs'));
    const texts = names.toSorted().map(async (name) => {
      return [name, await readFile(join(this.path('certs'), name), 'utf8')] as const;
    });
    return new Map(await Promise.all(texts));
  }
}

interface Story {
  readonly first: Run;
  readonly second: Run;
  readonly third: Run;
  readonly keyMode: number;
  /** How often the CA had refused before it was given a good token. */
  readonly refusals: number;
}

async function story(folder: string, control: ControlPlane): Promise<Story> {
  const machine = new VirtualMachine(join(folder, 'vm'), control);
  let refusals = 0;
  const writing = { OUTPUT_CERTS: './certs' };
  const badToken = (): Promise<void> => writeFile(machine.path(TOKEN), BAD_TOKEN);
  const inTrouble = async (): Promise<void> => {
    await badToken();
    await mkdir(machine.path('certs'));
    await writeFile(machine.path(XDS_ROOT), (await makeAuthority('stranger')).rootPem);
  };
  const first = await machine.run(
    { env: { ...writing, XDS_ROOT_CA: `./${XDS_ROOT}` }, prepare: inTrouble },
    async (pod) => {
      const count = async (): Promise<number> => (await pod.log()).split('failed to sign CSR: ').length - 1;
      await pod.until(async () => (await count()) >= 2);
      refusals = await count();
      await writeFile(machine.path(TOKEN), await control.token('default', 'web'));
      await pod.until(async () => (await pod.log()).includes('generated new workload certificate'));
      equal((await fetch(pod.status('/healthz/ready'))).status, 503);
      await writeFile(machine.path(XDS_ROOT), await readFile(control.rootCertificatePath));
      await pod.ready();
    },
  );
  const { mode } = await stat(machine.path('certs/key.pem'));
  await rm(machine.path('agent.log'));
  const second = await machine.run({ env: writing, prepare: badToken }, (pod) => pod.ready());
  await rm(machine.path('agent.log'));
  const noToken = (): Promise<void> => rm(machine.path(TOKEN));
  const third = await machine.run({ prepare: noToken }, (pod) => pod.ready());
  return { first, second, third, keyMode: mode & 0o777, refusals };
}

function leaf(run: Run): X509Certificate {
  return new X509Certificate(run.files.get('cert-chain.pem') ?? '');
}

describe('a virtual machine', function () {
  this.timeout(60_000);
  let told: Story;

  before(async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'listener.yaml': { resources: [answeringListener('hello', port)] } },
    });
    told = await story(folder.path, control);
  });

  it('61: waits out a CA that refuses everything at first', () => {
    const { refusals, first } = told;

    ok(refusals >= 2, `${refusals} refusals`);
    match(first.log, /\twarn\tcitadelclient\tfailed to sign CSR: .*Unauthenticated.*\(shown was a token\)/);
    equal(first.controlLog.filter((line) => line.startsWith('certificate issued')).length, 1);
  });

  it('62: waits out a wrong root of the discovery service', () => {
    match(told.first.log, /\twarn\txdsproxy\t.*(?:self-signed certificate|unable to verify)/);
  });

  it('59: leaves its certificate, which the next start shows to CA and discovery service', () => {
    const { first, second, keyMode } = told;

    deepEqual([...first.files.keys()], FILES);
    equal(keyMode, 0o600);
    equal(leaf(first).subjectAltName, 'URI:spiffe://cluster.local/ns/default/sa/web');
    deepEqual(
      second.controlLog.filter((line) => /failure|issued/.test(line)),
      ['certificate issued for system:serviceaccount:default:web'],
    );
    notEqual(leaf(second).serialNumber, leaf(first).serialNumber);
  });

  it('60: leaves a provisioned certificate alone that is not its own to write', () => {
    const { second, third } = told;

    deepEqual(third.files, second.files);
    equal(third.controlLog.filter((line) => line.startsWith('certificate issued')).length, 1);
  });

  it('says nothing of its keys and tokens', () => {
    for (const { log } of [told.first, told.second, told.third]) {
      ok(!log.includes(BAD_TOKEN) && !log.includes('PRIVATE KEY') && !log.includes('eyJ'));
    }
  });
});
