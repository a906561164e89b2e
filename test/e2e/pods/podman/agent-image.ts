// The image of the agent that the tests run: built by the Dockerfile when the sources have changed, by one process
// while the others wait.

import { join } from 'node:path';

import { baseImage } from './base-image.ts';
import { withBuildSettings } from './build-settings.ts';
import { withFileLock } from './file-lock.ts';
import { sourcesDigest } from './image-sources.ts';
import { PODS_CACHE, type Podman, PROJECT } from './podman.ts';

export const AGENT_IMAGE = 'localhost/sidecar-agent:test';

/** Held while the image is built, and while nothing may remove steps of a build. */
export const IMAGE_LOCK = join(PODS_CACHE, 'image.lock');

/** Builds the image unless it is up to date. Returns its name. */
export async function agentImage(podman: Podman): Promise<string> {
  return withFileLock(IMAGE_LOCK, async () => {
    const sources = await sourcesDigest();
    if ((await builtFrom(podman)) === sources) return AGENT_IMAGE;
    const log = await buildImage(podman, AGENT_IMAGE, ['--label', `${SOURCES_LABEL}=${sources}`]);
    await removeAbandonedBuilds(podman);
    await removeOldSteps(podman, log);
    return AGENT_IMAGE;
  });
}

/**
 * Builds the Dockerfile as it is now.
 *
 * @param flags of `podman build`, beside those that every build of the tests needs
 * @returns what the build wrote
 * @throws PodmanError with the error of the step that failed
 */
export async function buildImage(podman: Podman, name: string, flags: readonly string[]): Promise<string> {
  const base = await baseImage(podman);
  const bases = ['--build-arg', `BASE=${base}`, '--build-arg', `BUILD_BASE=${base}`];
  return withBuildSettings(async (settings) => {
    const own = ['--pull-never', '--timestamp', '0', ...settings, ...bases, '--tag', name];
    const { stdout } = await podman.run(['build', ...own, ...flags, PROJECT], { outlivesTests: true });
    return stdout;
  });
}

/** Our builds date their images 1970, so nobody else's are taken for ours. */
const AFTER_OUR_TIMESTAMP = '1980-01-01T00:00:00Z';

const SOURCES_LABEL = 'sidecar-agent.sources';

/** The state of the sources the present image was built from; undefined without an image. */
async function builtFrom(podman: Podman): Promise<string | undefined> {
  if (!(await podman.hasImage(AGENT_IMAGE))) return undefined;
  const format = `{{index .Labels "${SOURCES_LABEL}"}}`;
  const { stdout } = await podman.run(['image', 'inspect', '--format', format, AGENT_IMAGE]);
  return stdout.trim();
}

/** Removes what builds left that were killed an hour ago or earlier: containers that podman itself does not know. */
async function removeAbandonedBuilds(podman: Podman): Promise<void> {
  const old = ['--all', '--external', '--filter', 'until=1h', '--format', '{{.Status}} {{.ID}}'];
  const rows = (await podman.run(['ps', ...old])).stdout.split('\n').map((line) => line.split(' '));
  const abandoned = rows.filter(([status]) => status === 'Storage').map(([, id = '']) => id);
  if (abandoned.length > 0) await podman.run(['rm', '--force', ...abandoned], { outlivesTests: true });
}

/**
 * Removes what earlier builds left: images without a name that this build neither made nor used. What it used makes
 * the next build quick.
 *
 * @param log what the build wrote; it names the image of each step
 */
async function removeOldSteps(podman: Podman, log: string): Promise<void> {
  const used = [...log.matchAll(/^--> (?:Using cache )?([0-9a-f]+)$/gm)].map((match) => match[1] ?? '');
  const ours = ['--filter', 'dangling=true', '--filter', `until=${AFTER_OUR_TIMESTAMP}`];
  const list = ['image', 'ls', '--all', ...ours, '--no-trunc', '--format', '{{.Id}}'];
  const unnamed = (await podman.run(list)).stdout.trim().split('\n');
  const old = unnamed
    .map((id) => id.replace('sha256:', ''))
    .filter((id) => !used.some((step) => id.startsWith(step)));
  for (const id of old) {
    // it may be gone with its child, or be the parent of one in use
    await podman.run(['image', 'rm', id], { outlivesTests: true }).catch(() => undefined);
  }
}
