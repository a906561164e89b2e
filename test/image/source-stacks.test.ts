import { deepEqual, equal, match } from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Script } from 'node:vm';

import { namingSources } from '../../image/source-stacks.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

/** Its only token: the first of line 1 is the second of line 2 in the source. */
const MAP = JSON.stringify({ version: 3, sources: ['src/a.ts'], names: [], mappings: 'AACE' });

describe('namingSources', () => {
  let temporary: TemporaryDirectory;
  let file: string;
  const ofNode = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') ?? {};
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    file = join(temporary.path, 'bundle.cjs');
    await writeFile(`${file}.map`, MAP);
    Error.prepareStackTrace = namingSources(file, Error.prepareStackTrace.bind(Error));
  });
  afterEach(async () => {
    Object.defineProperty(Error, 'prepareStackTrace', ofNode);
    await temporary.remove();
  });

  /** What a function of the file throws: its lines up to those of this test. */
  function stackOf(throwing: string): readonly string[] {
    const thrower = new Script(`(() => { ${throwing} })`, {
      filename: file,
    }).runInThisContext() as () => void;
    try {
      thrower();
    } catch (error) {
      return (error as Error).stack?.split('\n').slice(0, 2) ?? [];
    }
    return [];
  }

  it('names frames of the file by their source, and others as they are', () => {
    const [message, own] = stackOf("throw new Error('no such thing')");

    equal(message, 'Error: no such thing');
    equal(own, '    at src/a.ts:2:3');
    match(new Error('here').stack ?? '', /source-stacks\.test\.ts:\d+:\d+/);
  });

  it("keeps the code that Node adds to an error's name", () => {
    const [message] = stackOf('Buffer.from(1)');

    match(message ?? '', /^TypeError \[ERR_INVALID_ARG_TYPE\]: The first argument/);
  });

  for (const property of ["name: 'AbortError'", "name: 'TimeoutError'", "syscall: 'connect'"]) {
    it(`does not read the map for an error with ${property}`, () => {
      const [, own] = stackOf(`throw Object.assign(new Error('no answer'), { ${property} })`);

      match(own ?? '', /bundle\.cjs:1:\d+$/);
    });
  }

  for (const [what, damage] of [
    ['without the map', () => rm(`${file}.map`)],
    ['when the map is damaged', () => writeFile(`${file}.map`, 'null')],
  ] as const) {
    it(`leaves frames as they are ${what}`, async () => {
      await damage();

      deepEqual(stackOf("throw new Error('no such thing')"), ['Error: no such thing', `    at ${file}:1:16`]);
    });
  }
});
