// The image that stands for the public Debian and Node images where there is no registry: a minimal Debian made by
// debootstrap from the sources this machine installs from, with what the Dockerfile would install, and Node with npm.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { SETTINGS_ENVIRONMENT } from './build-settings.ts';
import { withFileLock } from './file-lock.ts';
import { PODS_CACHE, type Podman } from './podman.ts';

const NPM_VERSION = '11.19.1';

/** What the stages of the Dockerfile install: those in which the agent is built, and that of its libraries. */
const PACKAGES = [
  'python3',
  'python3-pip',
  'binutils',
  'iptables',
  'nftables',
  'iproute2',
  'tini',
  'ca-certificates',
];

const exec = promisify(execFile);

/** Makes the image unless it is there; takes about a minute then. Returns its name. */
export async function baseImage(podman: Podman): Promise<string> {
  const release = await debianRelease();
  const name = `localhost/sidecar-agent-base:${contentId(release)}`;
  return withFileLock(join(PODS_CACHE, 'base.lock'), async () => {
    if (!(await podman.hasImage(name))) await makeBase(podman, name, release);
    return name;
  });
}

async function makeBase(podman: Podman, name: string, release: string): Promise<void> {
  const folder = join(PODS_CACHE, 'base');
  const archive = join(folder, 'root.tar');
  const settings = Object.entries(SETTINGS_ENVIRONMENT);
  const changes = settings.flatMap(([variable, value]) => ['--change', `ENV ${variable}=${value}`]);
  await rm(folder, { recursive: true, force: true }); // of a run that was killed
  await mkdir(folder);
  try {
    await writeRoot(archive, release);
    await podman.run(['import', '--quiet', ...changes, archive, name], { outlivesTests: true });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await removeFormerBases(podman, name);
}

async function writeRoot(archive: string, release: string): Promise<void> {
  const content = [release, await mirrorOf(release), PACKAGES.join(','), process.execPath, NPM_VERSION];
  const script = join(import.meta.dirname, 'debian-root.sh');
  try {
    await exec('unshare', ['--mount', script, ...content, archive]);
  } catch (error) {
    const { stderr } = error as { readonly stderr: string };
    throw new Error(`no base image: ${stderr.trim().split('\n').slice(-3).join(' / ')}`, { cause: error });
  }
}

/** Those of other recipes. */
async function removeFormerBases(podman: Podman, name: string): Promise<void> {
  const list = ['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', 'localhost/sidecar-agent-base'];
  const names = (await podman.run(list)).stdout.trim().split('\n');
  for (const former of names.filter((other) => other !== name)) {
    await podman.run(['image', 'rm', former]).catch(() => undefined); // while a container of it is there: next time
  }
}

/** The code name of this machine's distribution. */
async function debianRelease(): Promise<string> {
  const text = await readFile('/etc/os-release', 'utf8');
  const release = /^VERSION_CODENAME=(.+)$/m.exec(text)?.[1];
  if (release === undefined)
    throw new Error('/etc/os-release names no release: the base needs a Debian machine');
  return release;
}

/** Where this machine installs packages of the release from. */
async function mirrorOf(release: string): Promise<string> {
  const format = '$(RELEASE) $(COMPONENT) $(REPO_URI)';
  const { stdout } = await exec('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  const rows = stdout.split('\n').map((line) => line.split(' '));
  const mirror = rows.find(([name, component]) => name === release && component === 'main')?.[2];
  if (mirror === undefined) throw new Error(`apt has no source of ${release} main: see apt-get indextargets`);
  return mirror;
}

/** Changes with whatever the image is made of. */
function contentId(release: string): string {
  const recipe = JSON.stringify([
    release,
    PACKAGES,
    NPM_VERSION,
    process.version,
    process.arch,
    SETTINGS_ENVIRONMENT,
  ]);
  return createHash('sha256').update(recipe).digest('hex').slice(0, 12);
}
