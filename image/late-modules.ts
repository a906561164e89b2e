// Modules of Node and packages that the bundle loads when something of them is first used, not when they are imported:
// a command, and the time before Envoy is started, needs only some of them. Sources name their imports as ever.

import { isDeepStrictEqual } from 'node:util';

import type { Plugin } from 'esbuild';

/** Members that do not need the whole module, by name: in which file they stand, under which name. */
type Parts = Readonly<Record<string, readonly [file: string, name: string]>>;

const GRPC = '@grpc/grpc-js/build/src';

/** What it takes to load each, with all it brings along, of the 100 ms or so before Envoy is started. */
const LATE: ReadonlyMap<string, Parts> = new Map<string, Parts>([
  [
    '@grpc/grpc-js', // 15 ms; until there is a connection, these are enough:
    {
      CallCredentials: [`${GRPC}/call-credentials.js`, 'CallCredentials'],
      ChannelCredentials: [`${GRPC}/channel-credentials.js`, 'ChannelCredentials'],
      setLogger: [`${GRPC}/logging.js`, 'setLogger'],
      setLogVerbosity: [`${GRPC}/logging.js`, 'setLoggerVerbosity'],
    },
  ],
  ['node:child_process', {}], // 5 ms: commander imports it for commands in files of their own
  ['node:crypto', {}], // 5 ms
  ['node:dns', {}],
  ['node:dns/promises', {}],
  ['node:http2', {}], // gRPC's
  ['node:https', {}],
  ['node:tls', {}], // 9 ms: connections to the control plane
  ['node:v8', {}], // execa imports it for messages between processes
]);

/** In place of such a module stands an object that has its members, each of which loads it, or its own part of it. */
export const lateModules: Plugin = {
  name: 'late-modules',
  setup(building) {
    const names = [...LATE.keys()].map((name) => name.replace(/^node:/, '(?:node:)?')).join('|');
    building.onResolve({ filter: new RegExp(`^(?:${names})$`) }, ({ path, namespace }) => {
      return namespace === 'late' ? undefined : { path: keyOf(path), namespace: 'late' }; // undefined: the module itself
    });
    building.onLoad({ filter: /.*/, namespace: 'late' }, async ({ path }) => {
      const { default: module } = (await import(path)) as { readonly default: object };
      const members = Object.entries(module).map(([name, value]) => memberText(path, name, value));
      const contents = `let loaded; const load = () => (loaded ??= require(${JSON.stringify(path)}));`;
      return {
        contents: [contents, ...members].join('\n'),
        loader: 'js',
        resolveDir: building.initialOptions.absWorkingDir ?? '.',
      };
    });
  },
};

/** Node's modules have two names. */
function keyOf(name: string): string {
  return LATE.has(name) ? name : `node:${name}`;
}

function memberText(path: string, name: string, value: unknown): string {
  const key = JSON.stringify(name);
  if (!path.startsWith('node:') && isPlain(value)) return `exports[${key}] = ${JSON.stringify(value)};`;
  const [file, ownName] = LATE.get(path)?.[name] ?? [];
  const source = file === undefined ? 'load()' : `require(${JSON.stringify(file)})`;
  const member = JSON.stringify(ownName ?? name);
  return `Object.defineProperty(exports, ${key}, { enumerable: true, get: () => ${source}[${member}] });`;
}

/** As a table of status codes is: it stands for itself. */
function isPlain(value: unknown): boolean {
  const text = JSON.stringify(value) as string | undefined;
  return text !== undefined && isDeepStrictEqual(JSON.parse(text), value);
}
