// The image of the applications: the base with one bundled program. An image's tag names the ports its program listens
// on, such as `80-9090`, so that a pod's YAML needs no change but that of the image's name.

import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { build } from 'esbuild';

import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { baseImage } from '../podman/base-image.ts';
import { withFileLock } from '../podman/file-lock.ts';
import { PODS_CACHE, PROJECT, type Podman } from '../podman/podman.ts';

const NAME = 'localhost/sidecar-agent-app';
const PROGRAM = join(import.meta.dirname, 'application/main.ts');

/** Where the gRPC library looks for its message types, from the bundle in two and in three folders above. */
const BUNDLE = 'app/build/src/app.cjs';
const MESSAGE_TYPES = 'app/deps';
const MESSAGE_TYPES_LINK = 'deps';
const MODULES = join(PROJECT, 'node_modules');

export class ApplicationImages {
  readonly #podman: Podman;
  /** The image without ports. */
  readonly #program: string;

  private constructor(podman: Podman, program: string) {
    this.#podman = podman;
    this.#program = program;
  }

  /** Builds the program's image unless it is up to date. */
  static async open(podman: Podman): Promise<ApplicationImages> {
    await using folder = await temporaryDirectory();
    await bundle(join(folder.path, BUNDLE));
    const base = await baseImage(podman);
    const program = `${NAME}:${await contentId(join(folder.path, BUNDLE), base)}`;
    await whenAlone(podman, program, async () => {
      await removeOlder(podman);
      await buildProgram(podman, folder.path, base, program);
    });
    return new ApplicationImages(podman, program);
  }

  /** The name that `make` gives the image of these ports. */
  name(ports: readonly number[]): string {
    const all = [...new Set(ports)].toSorted((one, other) => one - other);
    return all.length === 0 ? this.#program : `${this.#program}-${all.join('-')}`;
  }

  /** Builds the image of these ports unless it is there. */
  async make(ports: readonly number[]): Promise<void> {
    const name = this.name(ports);
    await whenAlone(this.#podman, name, async () => {
      await using nothing = await temporaryDirectory();
      const steps = [`FROM ${this.#program}`, `ENV APP_PORTS=${ports.join(',')}`];
      await buildFrom(this.#podman, nothing.path, steps, name);
    });
  }
}

async function bundle(path: string): Promise<void> {
  await build({
    entryPoints: [PROGRAM],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    banner: { js: '#!/usr/local/bin/node' },
    logLevel: 'error',
  });
}

async function contentId(path: string, base: string): Promise<string> {
  const hash = createHash('sha256')
    .update(base)
    .update(await readFile(path));
  return hash.digest('hex').slice(0, 12);
}

/** Images of earlier programs; nobody asks for them any more. */
async function removeOlder(podman: Podman): Promise<void> {
  const { stdout } = await podman.run(['images', '--quiet', '--filter', `reference=${NAME}`]);
  for (const id of stdout.split('\n').filter((line) => line !== '')) {
    await podman.run(['rmi', id]).catch(() => undefined); // a pod of it runs, or an image stands on it: next time
  }
}

async function buildProgram(podman: Podman, folder: string, base: string, name: string): Promise<void> {
  await cp(join(MODULES, '@grpc/grpc-js-xds/deps'), join(folder, MESSAGE_TYPES), { recursive: true });
  await symlink(`/${MESSAGE_TYPES}`, join(folder, MESSAGE_TYPES_LINK));
  await copyFile(join(MODULES, 're2-wasm/build/wasm/re2.wasm'), join(folder, dirname(BUNDLE), 're2.wasm'));
  await chmod(join(folder, BUNDLE), 0o755);
  await mkdir(join(folder, 'usr/local/bin'), { recursive: true });
  await symlink(`/${BUNDLE}`, join(folder, 'usr/local/bin/app'));
  const steps = [`FROM ${base}`, 'COPY . /', 'ENV NODE_EXTRA_CA_CERTS=', 'ENTRYPOINT ["/usr/local/bin/app"]'];
  await buildFrom(podman, folder, steps, name);
}

async function buildFrom(
  podman: Podman,
  folder: string,
  steps: readonly string[],
  name: string,
): Promise<void> {
  await using instructions = await temporaryDirectory();
  const file = join(instructions.path, 'Containerfile');
  await writeFile(file, steps.join('\n'));
  const flags = ['--quiet', '--pull-never', '--network', 'none', '--tag', name, '--file', file];
  await podman.run(['build', ...flags, folder]);
}

/** Does the work unless the image is there; one process at a time. */
async function whenAlone(podman: Podman, image: string, work: () => Promise<void>): Promise<void> {
  await withFileLock(join(PODS_CACHE, 'application.lock'), async () => {
    if (!(await podman.hasImage(image))) await work();
  });
}
