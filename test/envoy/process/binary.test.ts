import { equal, rejects } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findEnvoyBinary, type BinarySources } from '../../../src/envoy/process/binary.ts';
import { ConfigError } from '../../../src/runtime/errors.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const nowhere: BinarySources = {
  explicitPath: undefined,
  envoyPath: undefined,
  searchPath: undefined,
  defaultPath: '/nonexistent/envoy',
};

describe('findEnvoyBinary', () => {
  /** Files `named/envoy`, `env/envoy`, `path/envoy` and `plain/envoy`, the last one not executable. */
  async function withBinaries(test: (at: (place: string) => string) => Promise<void>): Promise<void> {
    await using folder = await temporaryDirectory();
    const at = (place: string): string => join(folder.path, place, 'envoy');
    for (const [place, mode] of [
      ['named', 0o755],
      ['env', 0o755],
      ['path', 0o755],
      ['plain', 0o644],
    ] as const) {
      await mkdir(join(folder.path, place));
      await writeFile(at(place), '', { mode });
    }
    await test(at);
  }
  const directory = (file: string): string => join(file, '..');

  it('takes the named one before all others', () =>
    withBinaries(async (at) => {
      const sources = {
        ...nowhere,
        explicitPath: at('named'),
        defaultPath: at('path'),
        envoyPath: at('env'),
      };

      equal(await findEnvoyBinary(sources), at('named'));
    }));

  it('never looks elsewhere when the named one cannot be run', () =>
    withBinaries(async (at) => {
      for (const explicitPath of ['/nonexistent/x', at('plain'), directory(at('env'))]) {
        await rejects(findEnvoyBinary({ ...nowhere, explicitPath, envoyPath: at('env') }), (error: Error) => {
          equal(error instanceof ConfigError, true);
          equal(error.message.startsWith(`binaryPath ${explicitPath} cannot be run`), true);
          return true;
        });
      }
    }));

  it('takes the default place, then ENVOY_PATH, then PATH', () =>
    withBinaries(async (at) => {
      const searchPath = `relative::${directory(at('plain'))}:${directory(at('path'))}`;
      const all = { ...nowhere, defaultPath: at('named'), envoyPath: at('env'), searchPath };

      equal(await findEnvoyBinary(all), at('named'));
      equal(await findEnvoyBinary({ ...all, defaultPath: '/nonexistent/envoy' }), at('env'));
      equal(await findEnvoyBinary({ ...nowhere, searchPath }), at('path'));
    }));

  it('refuses an ENVOY_PATH that cannot be run', async () => {
    await rejects(
      findEnvoyBinary({ ...nowhere, envoyPath: '/nonexistent/x' }),
      /ENVOY_PATH \/nonexistent\/x/,
    );
  });

  it('says what to do when there is none', async () => {
    await rejects(findEnvoyBinary(nowhere), /no Envoy found.*--binaryPath or ENVOY_PATH/);
  });
});
