import { equal, notEqual } from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fileIdentity } from '../../../src/envoy/process/file-identity.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

describe('fileIdentity', () => {
  it('is another one once the file was replaced, and none without a file', async () => {
    const folder = await temporaryDirectory();
    const path = join(folder.path, 'envoy');
    await writeFile(path, 'one');
    await writeFile(`${path}.new`, 'two');
    const first = await fileIdentity(path);

    equal(await fileIdentity(path), first);
    await rename(`${path}.new`, path);
    notEqual(await fileIdentity(path), first);
    equal(await fileIdentity(join(folder.path, 'none')), undefined);
    await folder.remove();
  });
});
