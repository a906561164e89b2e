// The image as tests look at it: how a container of it ended, what files there are, what its configuration says. It is
// built before the tests, unless it is up to date.

import { fail } from 'node:assert/strict';

import { agentImage } from '../e2e/pods/podman/agent-image.ts';
import { Podman, PodmanError } from '../e2e/pods/podman/podman.ts';
import { whatIsMissing } from '../e2e/pods/podman/requirements.ts';

const BUILD_LIMIT_MS = 900_000;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ImageFile {
  readonly path: string;
  readonly type: 'file' | 'folder' | 'link' | 'other';
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly isElf: boolean;
}

export interface ImageConfig {
  readonly Config: {
    readonly User: string;
    readonly WorkingDir: string;
    readonly Entrypoint: readonly string[];
    readonly Cmd?: readonly string[];
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
  readonly RootFS: { readonly Layers: readonly string[] };
  readonly Size: number;
}

/** What the runtime puts into every container. */
const MOUNTED = new Set([
  '/etc/hostname',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/mtab',
  '/run/.containerenv',
]);

/** Runs in the image's own Node, as it has no shell and no `find`. */
const WALK = `
  const fs = require('node:fs');
  const elf = (path) => {
    const head = Buffer.alloc(4);
    const file = fs.openSync(path);
    fs.readSync(file, head, 0, 4, 0);
    fs.closeSync(file);
    return head.toString('latin1') === '\\x7fELF';
  };
  const type = (state) =>
    state.isSymbolicLink() ? 'link' : state.isDirectory() ? 'folder' : state.isFile() ? 'file' : 'other';
  const walk = (folder) => fs.readdirSync(folder).flatMap((name) => {
    const path = (folder === '/' ? '' : folder) + '/' + name;
    const state = fs.lstatSync(path);
    const isElf = state.isFile() && elf(path);
    const file = { path, type: type(state), mode: state.mode & 0o7777, uid: state.uid, gid: state.gid };
    const inside = state.isDirectory() && !['/dev', '/proc', '/sys'].includes(path) ? walk(path) : [];
    return [{ ...file, sizeBytes: state.size, isElf }, ...inside];
  });
  console.log(JSON.stringify(walk('/')));
`;

export class TestedImage {
  readonly #podman: Podman;
  readonly #name: string;

  constructor(podman: Podman, name: string) {
    this.#podman = podman;
    this.#name = name;
  }

  /** Runs a container to its end; without any network but `lo` unless the flags of `podman run` give one. */
  async run(words: readonly string[], flags: readonly string[] = ['--network', 'none']): Promise<Ended> {
    try {
      return { code: 0, ...(await this.#podman.run(['run', '--rm', ...flags, this.#name, ...words])) };
    } catch (error) {
      if (!(error instanceof PodmanError) || error.exitCode === undefined) throw error;
      return { code: error.exitCode, stdout: error.stdout, stderr: error.stderr };
    }
  }

  /** Runs a script in the image's Node; it has no shell. */
  async script(
    script: string,
    words: readonly string[] = [],
    flags: readonly string[] = [],
  ): Promise<string> {
    const all = ['--network', 'none', '--entrypoint', 'node', ...flags];
    const { code, stdout, stderr } = await this.run(['--eval', script, ...words], all);
    if (code !== 0) throw new Error(`the script ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Everything that is in the image. */
  async files(): Promise<readonly ImageFile[]> {
    const files = JSON.parse(await this.script(WALK, [], ['--user', '0:0'])) as readonly ImageFile[];
    return files.filter(({ path }) => !MOUNTED.has(path));
  }

  /** The content of a file in the image. */
  text(path: string): Promise<string> {
    return this.script('process.stdout.write(fs.readFileSync(process.argv[1]))', [path]);
  }

  async config(): Promise<ImageConfig> {
    const { stdout } = await this.#podman.run(['image', 'inspect', this.#name]);
    const [config] = JSON.parse(stdout) as readonly ImageConfig[];
    if (config === undefined) throw new Error(`podman knows nothing of ${this.#name}`);
    return config;
  }
}

/**
 * A suite about the image. Where none can be built it says why in one line, and fails where all has to be tested.
 *
 * @param tests are given what returns the image, inside tests and hooks
 */
export function describeImage(title: string, tests: (image: () => TestedImage) => void): void {
  const obstacle = whatIsMissing();
  describe(title, function () {
    this.timeout(60_000);
    if (obstacle !== undefined) {
      if (process.env['CI'] === 'true') it('is tested', () => fail(obstacle));
      else console.log(`    ${title} is not tested: ${obstacle}`);
      return;
    }
    let image: TestedImage;

    before(async function () {
      this.timeout(BUILD_LIMIT_MS);
      const podman = await Podman.open();
      image = new TestedImage(podman, await agentImage(podman));
    });

    tests(() => image);
  });
}
