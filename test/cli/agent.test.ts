import { deepEqual } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

const EXECUTABLE = resolve(import.meta.dirname, '../../src/cli/agent.ts');

/** Makes this Node believe it is an older one, before the executable is read. */
const PRETEND = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })`;

describe('the executable', () => {
  it('says in one line that Node is too old', () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', PRETEND, EXECUTABLE, 'version'],
      {
        encoding: 'utf8',
      },
    );

    deepEqual(
      { status, stdout, stderr },
      { status: 255, stdout: '', stderr: 'agent needs Node 24 or newer; this is 20.20.2\n' },
    );
  });
});
