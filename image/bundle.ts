// Makes what is shipped of the agent, all but its code cache (code-cache.ts): `node image/bundle.ts <folder> [<node>]`
// writes one CommonJS file with everything the agent loads, its source map, the notices of the packages in it, and the
// launcher. The same sources give the same bytes, wherever they lie.

import { isAscii } from 'node:buffer';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { build, type Metafile, type Plugin } from 'esbuild';

import { lateGrpc } from './late-grpc.ts';

const PACKAGE = resolve(import.meta.dirname, '..');

/** First line of a launcher that is run where Node is on the PATH. */
const ANY_NODE = '/usr/bin/env node';

/** What the launcher calls: the variables of a CommonJS module. */
const MODULE_HEAD = '(function (exports, require, module, __filename, __dirname) { "use strict";';
const MODULE_END = '})';

const NOT_ASCII =
  'the launcher reads the bundle as Latin-1: write what is not ASCII in a regular expression or String.raw as \\u…';

/**
 * Writes agent, agent.cjs, agent.cjs.map, agent.cjs.LEGAL.txt and package.json.
 *
 * @param folder made when it is missing; an agent.cache in it is removed
 * @param interpreter what the launcher's first line names: a path, for an image without /usr/bin/env
 * @returns what went in, and why
 */
export async function bundle(folder: string, interpreter = ANY_NODE): Promise<Metafile> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: PACKAGE,
    entryPoints: ['image/entry.ts'],
    outfile: 'agent.cjs', // of the package, for the map to name src/…
    write: false,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node24',
    supported: { 'dynamic-import': false }, // what is not ours is Node's own, and require() gets that
    minifyWhitespace: true, // a third of the bytes that are read at every start
    lineLimit: 120,
    sourcemap: 'external',
    sourcesContent: false,
    legalComments: 'external',
    banner: { js: MODULE_HEAD },
    footer: { js: MODULE_END },
    define: { 'process.env.NODE_ENV': '"production"' }, // winston's own diagnostics are 4 ms
    plugins: [jsonText, lateGrpc],
    metafile: true,
    logLevel: 'warning',
  });
  await mkdir(folder, { recursive: true });
  await rm(join(folder, 'agent.cache'), { force: true }); // V8 would take one of other sources of the same length
  for (const { path, contents } of outputFiles) {
    if (path.endsWith('.cjs') && !isAscii(contents)) throw new Error(NOT_ASCII);
    await writeFile(join(folder, basename(path)), contents);
  }
  await writeLauncher(join(folder, 'agent'), interpreter);
  // without it, the package.json above, if there is one, would say what the launcher is
  await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
  return metafile;
}

/** JSON stays text until it is asked for: a literal of that size takes far longer to compile. */
const jsonText: Plugin = {
  name: 'json-text',
  setup(building) {
    building.onLoad({ filter: /\.json$/ }, async ({ path }) => {
      const text = JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
      return { contents: `module.exports = JSON.parse(${JSON.stringify(text)});`, loader: 'js' };
    });
  },
};

async function writeLauncher(path: string, interpreter: string): Promise<void> {
  const text = await readFile(join(import.meta.dirname, 'launcher.cjs'), 'utf8');
  await writeFile(path, `#!${interpreter}\n${text}`);
  await chmod(path, 0o755);
}

if (import.meta.main) {
  const [folder = 'dist', interpreter] = process.argv.slice(2);
  await bundle(folder, interpreter);
}
