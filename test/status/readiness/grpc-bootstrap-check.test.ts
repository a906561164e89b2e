import { equal, match } from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { GrpcBootstrapCheck } from '../../../src/status/readiness/grpc-bootstrap-check.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

describe('GrpcBootstrapCheck', () => {
  let folder: TemporaryDirectory;
  let check: GrpcBootstrapCheck;
  beforeEach(async () => {
    folder = await temporaryDirectory();
    check = new GrpcBootstrapCheck({ path: 'grpc.json', workingDirectory: folder.path });
  });
  afterEach(() => folder.remove());

  const write = (name: string, content: object): Promise<void> =>
    writeFile(join(folder.path, name), JSON.stringify(content));

  function bootstrap(files: object): object {
    const other = { plugin_name: 'another', config: { certificate_file: 'of-another.pem' } };
    return { certificate_providers: { other, mesh: { plugin_name: 'file_watcher', config: files } } };
  }

  it('fails until the file can be read, then reads it no more', async () => {
    match((await check.failure()) ?? '', /^failed loading grpc\.json: ENOENT/);
    await writeFile(join(folder.path, 'grpc.json'), '{');
    match((await check.failure()) ?? '', /^failed loading grpc\.json: .*JSON/);

    await write('grpc.json', {});
    equal(check.passes(), false);
    equal(await check.failure(), undefined);
    equal(check.passes(), true);
    await rm(join(folder.path, 'grpc.json'));
    equal(await check.failure(), undefined);
  });

  it('wants every certificate file it names', async () => {
    const path = join(folder.path, 'key.pem');
    await write(
      'grpc.json',
      bootstrap({ certificate_file: 'chain.pem', private_key_file: path, refresh: '9s' }),
    );

    equal(await check.failure(), 'chain.pem does not exist');
    await write('chain.pem', {});
    equal(await check.failure(), `${path} does not exist`);
    await write('key.pem', {});
    equal(await check.failure(), undefined);
  });
});
