// What a machine needs to run pods, from its distribution: on Debian, root has it installed.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

const PACKAGES = ['debootstrap', 'iproute2', 'iptables', 'podman', 'runc', 'util-linux'];

/**
 * Installs what is missing, and says so before.
 *
 * @throws Error when this is no Debian, or the packages cannot be installed
 */
export async function installMissing(say: (line: string) => void): Promise<void> {
  const state = await Promise.all(PACKAGES.map(async (name) => ((await isInstalled(name)) ? [] : [name])));
  const missing = state.flat();
  if (missing.length === 0) return;
  say(`installing ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await exec('apt-get', ['update', '-qq'], { env });
    await exec('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env });
  } catch (error) {
    throw new Error(`cannot install ${missing.join(' ')}: run this as root on Debian`, { cause: error });
  }
}

async function isInstalled(name: string): Promise<boolean> {
  return exec('dpkg-query', ['-W', '-f', '${Status}', name]).then(
    ({ stdout }) => stdout.endsWith(' installed'),
    () => false, // it is unknown, or there is no dpkg: installing says what is wrong
  );
}
