import { deepEqual, equal } from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { writeGrpcBootstrap } from '../../src/bootstrap/grpc-bootstrap-file.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('writeGrpcBootstrap', () => {
  it('writes a file for all to read into a directory it makes private, and leaves nothing else', async () => {
    await using directory = await temporaryDirectory();
    const parent = join(directory.path, 'a/b');
    const path = join(parent, 'grpc-bootstrap.json');

    await writeGrpcBootstrap(path, { node: { id: 'n' } });

    equal(await readFile(path, 'utf8'), '{\n  "node": {\n    "id": "n"\n  }\n}\n');
    deepEqual(await readdir(parent), ['grpc-bootstrap.json']);
    deepEqual([(await stat(path)).mode & 0o777, (await stat(parent)).mode & 0o777], [0o644, 0o700]);
  });
});
