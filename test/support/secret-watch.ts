// Loaded by mocha before the tests: a run fails when anything that its process prints shows a private key or a token.
// What agents in processes of their own print is looked at where their output is (test/e2e/support/pod.ts).

import { secretIn } from './secret-shapes.ts';

type Write = (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;

const found: string[] = [];

function watch(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as Write;
  const watched: Write = (chunk, ...rest) => {
    const secret = secretIn(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1'));
    if (secret !== undefined) found.push(secret);
    return write(chunk, ...rest);
  };
  stream.write = watched;
}

export const mochaHooks = {
  beforeAll(): void {
    watch(process.stdout);
    watch(process.stderr);
  },
  afterAll(): void {
    if (found.length > 0) throw new Error(`a test printed a private key or a token: ${found.join('; ')}`);
  },
};
