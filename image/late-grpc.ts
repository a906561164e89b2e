// gRPC as the bundle has it: loaded when something of it is first used, not when it is imported. Until the agent has a
// connection, a few small files of it are enough, and Envoy is started before that. Sources import it as ever.

import { isDeepStrictEqual } from 'node:util';

import type { Plugin } from 'esbuild';

const GRPC = '@grpc/grpc-js';
const FILES = `${GRPC}/build/src`;

/** What is used before there is a connection, by name: in which file it stands, under which name. */
const PARTS: Readonly<Record<string, readonly [file: string, name: string]>> = {
  CallCredentials: [`${FILES}/call-credentials.js`, 'CallCredentials'],
  ChannelCredentials: [`${FILES}/channel-credentials.js`, 'ChannelCredentials'],
  setLogger: [`${FILES}/logging.js`, 'setLogger'],
  setLogVerbosity: [`${FILES}/logging.js`, 'setLoggerVerbosity'],
};

/** In place of the package stands an object with its members, each of which loads it, or its own part of it. */
export const lateGrpc: Plugin = {
  name: 'late-grpc',
  setup(building) {
    building.onResolve({ filter: new RegExp(`^${GRPC}$`) }, ({ path, namespace }) => {
      return namespace === 'late' ? undefined : { path, namespace: 'late' }; // undefined: the package itself
    });
    building.onLoad({ filter: /.*/, namespace: 'late' }, async () => {
      const { default: grpc } = (await import(GRPC)) as { readonly default: object };
      return {
        contents: Object.entries(grpc).map(memberText).join('\n'),
        loader: 'js',
        resolveDir: building.initialOptions.absWorkingDir ?? '.',
      };
    });
  },
};

function memberText([name, value]: readonly [string, unknown]): string {
  if (isPlain(value)) return `exports.${name} = ${JSON.stringify(value)};`;
  const [file, ownName] = PARTS[name] ?? [GRPC, name];
  const getter = `() => require(${JSON.stringify(file)}).${ownName}`;
  return `Object.defineProperty(exports, ${JSON.stringify(name)}, { enumerable: true, get: ${getter} });`;
}

/** As a table of status codes is: it stands for itself. */
function isPlain(value: unknown): boolean {
  const text = JSON.stringify(value) as string | undefined;
  return text !== undefined && isDeepStrictEqual(JSON.parse(text), value);
}
