// Which Debian packages files come from, asked of dpkg on the system whose files they are.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** What it was built from: advisories name source packages. */
  readonly source: { readonly name: string; readonly version: string };
  /** Its files in the image. */
  readonly files: readonly string[];
}

export interface Distribution {
  /** As ID of os-release. */
  readonly id: string;
  readonly versionId: string;
}

/** What an installation made, and which package's it was: dpkg does not know these. */
const MADE_AT_INSTALLATION: ReadonlyMap<string, string> = new Map([
  ['/etc/ssl/certs/ca-certificates.crt', 'ca-certificates'],
]);

const FIELDS = ['Package', 'Version', 'Architecture', 'source:Package', 'source:Version'];

const run = promisify(execFile);

/**
 * The packages of these files, by name.
 *
 * @param files absolute paths without links among the folders
 * @throws Error that names a file of no package
 */
export async function packagesOf(files: readonly string[]): Promise<readonly DebianPackage[]> {
  const owners = await ownersOf(files);
  const names = [...new Set(owners.values())].toSorted();
  const format = `${FIELDS.map((field) => `\${${field}}`).join(' ')}\n`;
  const { stdout } = await run('dpkg-query', ['--show', '--showformat', format, ...names]);
  const rows = stdout.trim().split('\n');
  return rows.map((row) => {
    const [name = '', version = '', architecture = '', source = '', sourceVersion = ''] = row.split(' ');
    const own = files.filter((file) => owners.get(file) === name);
    return { name, version, architecture, source: { name: source, version: sourceVersion }, files: own };
  });
}

/** What dpkg knows of an installed package, as its own status file says it. */
export async function packageStatus(name: string): Promise<string> {
  return (await run('dpkg-query', ['--status', name])).stdout;
}

/** @param text the content of os-release */
export function distributionOf(text: string): Distribution {
  const value = (key: string): string => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  return { id: value('ID'), versionId: value('VERSION_ID') };
}

export async function systemDistribution(): Promise<Distribution> {
  return distributionOf(await readFile('/etc/os-release', 'utf8'));
}

async function ownersOf(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const spelled = files.flatMap((file) => [file, beforeMerge(file)]);
  // it fails when it knows one of the paths only, as it always does of the two spellings
  const { stdout } = await run('dpkg-query', ['--search', ...spelled]).catch(
    (error: unknown) => error as { stdout: string },
  );
  const known = readSearch(stdout);
  return new Map(
    files.map((file) => {
      const owner = known.get(file) ?? known.get(beforeMerge(file)) ?? MADE_AT_INSTALLATION.get(file);
      if (owner === undefined) throw new Error(`${file} belongs to no Debian package`);
      return [file, owner] as const;
    }),
  );
}

/** Packages still name /lib and /bin what lies in /usr by now. */
function beforeMerge(file: string): string {
  return file.replace(/^\/usr\/(bin|sbin|lib[^/]*)\//, '/$1/');
}

/** Lines such as `libc6:amd64: /lib/x86_64-linux-gnu/libc.so.6`. */
export function readSearch(output: string): ReadonlyMap<string, string> {
  const lines = output
    .split('\n')
    .map((line) => /^([a-z0-9][a-z0-9+.-]*)(?::\w+)?(?:, [^/]*)?: (\/.*)$/.exec(line));
  return new Map(
    lines.flatMap((match) => (match === null ? [] : [[match[2] ?? '', match[1] ?? ''] as const])),
  );
}
