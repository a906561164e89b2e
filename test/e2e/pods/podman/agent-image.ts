// The image of the agent that the tests run: built by the Dockerfile when the sources have changed, by one process
// while the others wait.

import { join } from 'node:path';

import { baseImage } from './base-image.ts';
import { withBuildSettings } from './build-settings.ts';
import { withFileLock } from './file-lock.ts';
import { sourcesDigest } from './image-sources.ts';
import { PODS_CACHE, type Podman, PROJECT } from './podman.ts';

export const AGENT_IMAGE = 'localhost/sidecar-agent:test';

/** Builds the image unless it is up to date. Returns its name. */
export async function agentImage(podman: Podman): Promise<string> {
  const base = await baseImage(podman);
  return withFileLock(join(PODS_CACHE, 'image.lock'), async () => {
    const sources = await sourcesDigest();
    if ((await builtFrom(podman)) !== sources) await build(podman, base, sources);
    return AGENT_IMAGE;
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

async function build(podman: Podman, base: string, sources: string): Promise<void> {
  const values = { BASE: base, BUILD_BASE: base };
  const args = Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  const names = ['--tag', AGENT_IMAGE, '--label', `${SOURCES_LABEL}=${sources}`];
  const { stdout } = await withBuildSettings((flags) =>
    podman.run(['build', '--pull-never', '--timestamp', '0', ...flags, ...args, ...names, PROJECT], {
      outlivesTests: true,
    }),
  );
  await removeOldSteps(podman, stdout);
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
