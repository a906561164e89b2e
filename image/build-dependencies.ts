// Leaves in package.json only those development dependencies that building the image takes: `npm ci` then installs a
// third of what tests and linters need, still exactly as locked. Runs in the build of the image.

import { readFile, writeFile } from 'node:fs/promises';

const NEEDED = new Set(['esbuild', 'node']);

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}

export function withBuildDependencies<Given extends Manifest>(manifest: Given): Given {
  const entries = Object.entries(manifest.devDependencies).filter(([name]) => NEEDED.has(name));
  return { ...manifest, devDependencies: Object.fromEntries(entries) };
}

if (import.meta.main) {
  const manifest = JSON.parse(await readFile('package.json', 'utf8')) as Manifest;
  await writeFile('package.json', `${JSON.stringify(withBuildDependencies(manifest), undefined, 2)}\n`);
}
