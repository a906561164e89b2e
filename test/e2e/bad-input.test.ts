// Mistakes in what the agent is given: at start they end it with one line, at a restart the old Envoy serves on.

import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import { DEFAULT_BINARY_PATH } from '../../src/envoy/process/binary.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { staticCluster } from './support/mesh-resources.ts';
import { INJECTED_ARGS, Pod, type PodExit, type PodOptions } from './support/pod.ts';
import { REFUSED, REFUSED_FILE, writeRefused } from './support/refused-bootstrap.ts';

type Mistake = Omit<PodOptions, 'control'>;

describe('an agent with a mistake in its input', function () {
  this.timeout(60_000);
  let folder: TemporaryDirectory;
  let control: ControlPlane;

  before(async () => {
    folder = await temporaryDirectory();
    const config = { 'all.yaml': { resources: [staticCluster('web', 8080)] } };
    control = await ControlPlane.start(join(folder.path, 'control'), { config });
  });

  after(async () => {
    await control.close();
    await folder.remove();
  });

  /** Runs the agent to its end. @returns its exit and the lines that begin with `Error: ` */
  async function run(mistake: Mistake): Promise<{ exit: PodExit; errors: string[]; root: string }> {
    const root = join(folder.path, `pod-${(await readdir(folder.path)).length}`);
    await using pod = await Pod.start(root, { control, ...mistake });
    const exit = await pod.exited;
    const log = await pod.log();
    doesNotMatch(log, /^\s+at /m, log);
    return { exit, errors: log.split('\n').filter((line) => line.startsWith('Error: ')), root };
  }

  /** The status port is taken as well: whoever opened it first would speak of that. */
  async function expectRefusal(mistake: Mistake, expected: RegExp): Promise<void> {
    await using taken = await takenPort();
    const proxyConfig = { statusPort: taken.port, ...mistake.proxyConfig };

    const { exit, errors, root } = await run({ ...mistake, proxyConfig });

    deepEqual(exit, { code: 255, signal: null });
    equal(errors.length, 1, errors.join('\n'));
    match(errors[0] ?? '', expected);
    const left = await readdir(join(root, 'etc/istio/proxy'));
    deepEqual(without('grpc-bootstrap.json', left), []);
  }

  const mistakes: readonly (readonly [title: string, mistake: Mistake, expected: RegExp])[] = [
    [
      'names a binaryPath that does not exist, given as flag',
      { args: [...INJECTED_ARGS, '--binaryPath', '/nowhere/envoy'] },
      /binaryPath \/nowhere\/envoy cannot be run: .*ENOENT.*; give the path of an Envoy$/,
    ],
    [
      'names a binaryPath that does not exist, given as configuration',
      { proxyConfig: { binaryPath: '/nowhere/envoy' } },
      /binaryPath \/nowhere\/envoy cannot be run: /,
    ],
    [
      'says where PROXY_CONFIG is no YAML',
      { env: { PROXY_CONFIG: '{"drainDuration": [\n' } },
      /failed to unmarshal mesh config from environment \[\{"drainDuration": \[\]: could not parse proxy config: yaml: /,
    ],
    [
      'says which field of PROXY_CONFIG has a value of a wrong kind',
      { proxyConfig: { concurrency: 'many' } },
      /from environment .*: concurrency: "many" is text, not an integer/,
    ],
    [
      'says which field of the mesh configuration has a wrong value',
      { prepare: (root) => writeMesh(root, { defaultConfig: { drainDuration: 'soon' } }) },
      /from file .*: defaultConfig\.drainDuration: .*"soon": write it like 500ms, 30s or 1h30m$/,
    ],
    [
      'says that the annotation is no YAML',
      { annotations: { 'proxy.istio.io/config': 'concurrency: [' } },
      /failed to unmarshal mesh config from annotation \[concurrency: \[\]: /,
    ],
    [
      'names a variable of the node with a wrong value',
      { env: { ISTIO_META_POD_PORTS: '{]' } },
      /ISTIO_META_POD_PORTS: "\{\]" is not text that holds a JSON array of ports$/,
    ],
    [
      'names a custom bootstrap that does not exist',
      { proxyConfig: { customConfigFile: './mine.json' } },
      /cannot read customConfigFile \.\/mine\.json: ENOENT/,
    ],
    [
      'says where the root certificate of the mesh is missed',
      { prepare: (root) => rm(join(root, 'var/run/secrets/istio/root-cert.pem')) },
      /does not exist var\/run\/secrets\/istio\/root-cert\.pem: put .* there, or name its file in CA_ROOT_CA$/,
    ],
    [
      'refuses a root certificate that is none',
      { prepare: (root) => writeFile(join(root, 'var/run/secrets/istio/root-cert.pem'), 'soon') },
      /var\/run\/secrets\/istio\/root-cert\.pem: no certificate found$/,
    ],
    [
      'says that the status port is taken',
      {},
      /status port: port \d+ is in use; end the process that has it, or set another statusPort in PROXY_CONFIG$/,
    ],
  ];
  for (const [title, mistake, expected] of mistakes) it(title, () => expectRefusal(mistake, expected));

  if (existsSync(DEFAULT_BINARY_PATH)) {
    console.log(`    an agent without Envoy is not tested: there is ${DEFAULT_BINARY_PATH}`);
  } else {
    it('says where it looked for Envoy and how to name one', () =>
      expectRefusal(
        { env: { ENVOY_PATH: undefined, PATH: '/nowhere' } },
        /no Envoy found: .* no envoy on PATH; install Envoy, or name it with --binaryPath or ENVOY_PATH$/,
      ));
  }

  it("shows Envoy's own words when it refuses a rendered bootstrap", async () => {
    const { exit, errors } = await run({ proxyConfig: REFUSED, prepare: writeRefused });

    deepEqual(exit, { code: 255, signal: null });
    equal(errors.length, 1);
    match(
      errors[0] ?? '',
      /^Error: Envoy refused its bootstrap etc\/istio\/proxy\/envoy-rev0\.json: .*Duration/,
    );
  });

  it("shows Envoy's own words when it refuses a custom bootstrap", async () => {
    const proxyConfig = { customConfigFile: REFUSED_FILE };

    const { exit, errors } = await run({ proxyConfig, prepare: writeRefused });

    deepEqual(exit, { code: 255, signal: null });
    equal(errors.length, 1);
    match(
      errors[0] ?? '',
      /^Error: Envoy refused its bootstrap \.\/refused\.json: .*connect_timeout.*Duration/,
    );
  });

  it('goes on with the old Envoy when the next one would be refused, and restarts once that is corrected', async () => {
    const root = join(folder.path, 'restarted');
    await using pod = await Pod.start(root, {
      control,
      args: [...INJECTED_ARGS, '--meshConfig', './mesh.yaml'],
      prepare: async () => {
        await writeRefused(root);
        await writeFile(join(root, 'mesh.yaml'), '{}');
      },
    });
    const restart = async (mesh: object, outcome: RegExp): Promise<void> => {
      await writeFile(join(root, 'mesh.yaml'), JSON.stringify(mesh));
      pod.signal('SIGHUP');
      await pod.until(async () => outcome.test(await pod.log()));
    };
    await pod.ready();

    await restart({ defaultConfig: REFUSED }, /error\thot restart \(operator\) refused: .*connect_timeout/);
    await restart(
      { defaultConfig: { concurrency: 'many' } },
      /warn\t\.\/mesh\.yaml: .*concurrency: "many".*; what it said before stays in effect/,
    );
    await pod.ready();

    deepEqual(await epoch(pod), { state: 'LIVE', epoch: 0 });

    await restart({ defaultConfig: {} }, /info\thot restart \(operator\): epoch 1 took over/);
    await pod.ready();

    deepEqual(await epoch(pod), { state: 'LIVE', epoch: 1 });
    deepEqual(await pod.stop(), { code: 0, signal: null });
  });
});

/** That file may be there: applications need no Envoy for it. */
function without(name: string, list: readonly string[]): readonly string[] {
  return list.filter((each) => each !== name);
}

/** By a connection of its own: one kept from before would still reach the old Envoy. */
async function epoch(pod: Pod): Promise<{ state: string; epoch: number }> {
  const answer = await fetch(pod.admin('/server_info'), { headers: { connection: 'close' } });
  const info = (await answer.json()) as {
    state: string;
    command_line_options: { restart_epoch: number };
  };
  return { state: info.state, epoch: info.command_line_options.restart_epoch };
}

async function writeMesh(root: string, mesh: object): Promise<void> {
  await mkdir(join(root, 'etc/istio/config'), { recursive: true });
  await writeFile(join(root, 'etc/istio/config/mesh'), JSON.stringify(mesh));
}

async function takenPort(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer();
  await new Promise<void>((opened) => {
    server.listen(0, opened);
  });
  const close = async (): Promise<void> => {
    await new Promise((closed) => server.close(closed));
  };
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}
