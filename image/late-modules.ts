// Modules of Node and packages that the bundle loads when something of them is first used, not when they are imported:
// a command, and the time before Envoy is started, needs only some of them. Sources name their imports as ever.

import type { Plugin } from 'esbuild';

/** What it takes to load each, with all it brings along, of the 100 ms or so before Envoy is started. */
const LATE: readonly string[] = [
  '@grpc/grpc-js', // for connections to and from Envoy, and to the CA
  'node:child_process', // 5 ms: commander imports it for commands in files of their own
  'node:crypto', // 5 ms
  'node:dns',
  'node:dns/promises',
  'node:http2', // gRPC's
  'node:https',
  'node:tls', // 9 ms: connections to the control plane
  'node:v8', // execa imports it for messages between processes
];

/** In place of such a module stands an object that has its members, each of which loads it. */
export const lateModules: Plugin = {
  name: 'late-modules',
  setup(building) {
    const names = LATE.map((name) => name.replace(/^node:/, '(?:node:)?')).join('|');
    building.onResolve({ filter: new RegExp(`^(?:${names})$`) }, ({ path, namespace, kind }) => {
      if (namespace === 'late' || kind === 'require-resolve') return undefined; // the module itself
      return { path, namespace: 'late', pluginData: building.initialOptions.absWorkingDir };
    });
    building.onLoad({ filter: /.*/, namespace: 'late' }, async ({ path, pluginData: resolveDir }) => {
      const { default: module } = (await import(path)) as { readonly default: object };
      const names = JSON.stringify(Object.keys(module));
      const contents = `
        let loaded;
        const load = () => loaded ??= require(${JSON.stringify(path)});
        for (const name of ${names}) Object.defineProperty(exports, name, { enumerable: true, get: () => load()[name] });`;
      return { contents, loader: 'js', resolveDir: resolveDir as string };
    });
  },
};
