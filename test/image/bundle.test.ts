// The bundle as a user has it: in a folder of its own, away from the packages it was made of.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { bundle } from '../../image/bundle.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const PACKAGE = resolve(import.meta.dirname, '../..');
const FILES = ['agent', 'agent.cjs', 'agent.cjs.LEGAL.txt', 'agent.cjs.map', 'package.json'];

/** Makes this Node believe it is an older one. */
const PRETEND = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })`;

let temporary: TemporaryDirectory;
let agent: string;

interface Run {
  readonly node?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

function run(words: readonly string[], { node = [], env = {} }: Run = {}) {
  return spawnSync(process.execPath, [...node, agent, ...words], {
    cwd: temporary.path,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
}

/** Names of the modules a command has evaluated: they are functions of the bundle, and each runs once or never. */
async function evaluatedBy(words: readonly string[], env?: Run['env']): Promise<readonly string[]> {
  const folder = join(temporary.path, 'coverage');
  await mkdir(folder);
  run(words, { env: { ...env, NODE_V8_COVERAGE: folder } });
  const [name = ''] = await readdir(folder);
  const { result } = JSON.parse(await readFile(join(folder, name), 'utf8')) as Coverage;
  await rm(folder, { recursive: true });
  const functions = result.find(({ url }) => url.endsWith('agent.cjs'))?.functions ?? [];
  return functions.filter(({ ranges }) => ranges[0]?.count !== 0).map(({ functionName }) => functionName);
}

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

describe('the bundle', () => {
  before(async () => {
    temporary = await temporaryDirectory();
    const folder = join(temporary.path, 'a');
    agent = join(folder, 'agent');
    await bundle(folder);
  });
  after(() => temporary.remove());

  it('has the same bytes wherever it is made, and comes without the code cache of another', async () => {
    const [one, other] = [join(temporary.path, 'a'), join(temporary.path, 'b')];
    await mkdir(other);
    await writeFile(join(other, 'agent.cache'), 'of another');

    await bundle(other);

    deepEqual((await readdir(other)).toSorted(), FILES);
    for (const name of FILES) {
      const content = await readFile(join(other, name), 'utf8');
      equal(content, await readFile(join(one, name), 'utf8'), name);
      ok(!content.includes(PACKAGE), `${name} names the folder of the sources`);
    }
  });

  it('runs where the launcher is linked under another name', async () => {
    const link = join(temporary.path, 'pilot-agent');
    await symlink('a/agent', link);

    const { stdout } = spawnSync(process.execPath, [link, 'version', '--short'], { encoding: 'utf8' });

    match(stdout, /^client version: \d/);
  });

  it('says in one line that Node is too old', () => {
    const { status, stdout, stderr } = run(['version'], { node: ['--import', PRETEND] });

    deepEqual(
      { status, stdout, stderr },
      { status: 255, stdout: '', stderr: 'agent needs Node 24 or newer; this is 20.20.2\n' },
    );
  });

  it('brings the templates and definitions it needs', async () => {
    const { status, stdout } = run(['bootstrap'], { env: { INSTANCE_IP: '10.0.0.7', POD_NAME: 'web' } });

    equal(status, 0);
    match(stdout, /"stat_prefix"/);
  });

  it('names the line of the source in what it logs', () => {
    const env = { PRE_DRAIN_DELAY: '-1s', TERMINATION_MESSAGE_PATH: '/no/file' };

    const { stdout } = run(['proxy', 'sidecar', '--log_caller=all', '--log_stacktrace_level=default:error'], {
      env,
    });

    match(stdout, /\tinfo\tproxy\.ts:\d+\tVersion /);
    match(stdout, /^at async runProgram \(src\/cli\/main\.ts:\d+:\d+\)$/m);
  });

  it('works without its map, and stacks name the bundle then', async () => {
    const map = `${agent}.cjs.map`;
    await copyFile(map, `${map}.kept`);
    await rm(map);

    const { stdout } = run(['proxy', 'sidecar', '--log_caller=all'], { env: { PRE_DRAIN_DELAY: '-1s' } });
    await copyFile(`${map}.kept`, map);

    match(stdout, /\tinfo\tagent\.cjs:\d+\tVersion /);
  });

  it('loads of gRPC only credentials before there is a connection', async () => {
    const env = {
      CLOUD_PLATFORM: 'none',
      INSTANCE_IP: '127.0.0.1',
      POD_NAME: 'web',
      POD_NAMESPACE: 'default',
    };

    const modules = await evaluatedBy(['proxy', 'sidecar'], env); // ends, because the mesh's root is not there

    const files = ['channel-credentials', 'client', 'server', 'index'];
    const evaluated = files.filter((name) =>
      modules.includes(`node_modules/@grpc/grpc-js/build/src/${name}.js`),
    );
    deepEqual(evaluated, ['channel-credentials']);
  });

  it('has istio-iptables load neither gRPC nor winston nor execa', async () => {
    const packages = (await evaluatedBy(['istio-iptables', '--dry-run']))
      .map((name) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1])
      .filter((name) => name !== undefined);

    deepEqual([...new Set(packages)], ['commander']);
  });
});
