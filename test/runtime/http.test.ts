import { deepEqual, equal } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const SRC = join(import.meta.dirname, '../../src');

/** What a process has loaded of Node itself after it imported the modules. */
function loadedBy(...modules: readonly string[]): string[] {
  const imports = modules.map((module) => `await import(${JSON.stringify(join(SRC, module))});`).join('');
  const program = `${imports} console.log(JSON.stringify(process.moduleLoadList))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as string[];
}

const FETCH = /deps\/undici/;

describe('http', () => {
  it('gives node:http without fetch', () => {
    const loaded = loadedBy('runtime/http.ts');

    equal(loaded.includes('NativeModule http'), true);
    deepEqual(
      loaded.filter((name) => FETCH.test(name)),
      [],
    );
  });

  it('is how the whole agent uses it', () => {
    const loaded = loadedBy('cli/proxy.ts', 'cli/request.ts', 'agent/agent.ts', 'runtime/execa-spawn.ts');

    deepEqual(
      loaded.filter((name) => FETCH.test(name)),
      [],
    );
  });
});
