import { deepEqual } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join, resolve } from 'node:path';

const EXECUTABLE = resolve(import.meta.dirname, '../../src/cli/agent.ts');

/** Makes this Node believe it is an older one, before the executable is read. */
const PRETEND = `data:text/javascript,Object.defineProperty(process, 'versions', { value: { node: '20.20.2' } })`;

/** Makes a diagnostic report at the end, and tells whether the environment is in it. */
const REPORT = `data:text/javascript,process.on('exit', () => {
  console.error('environmentVariables' in process.report.getReport());
})`;

const CAUGHT = join(import.meta.dirname, 'fixtures/caught-signals.ts');

describe('the executable', () => {
  it('catches signals before it loads anything slow, because PID 1 loses those it does not catch', () => {
    const { status, stderr } = spawnSync(process.execPath, ['--import', CAUGHT, EXECUTABLE, 'version'], {
      encoding: 'utf8',
    });

    deepEqual(
      { status, stderr },
      { status: 0, stderr: 'caught after agent.ts signals.ts node:os context.ts errors.ts\n' },
    );
  });

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

  it('keeps the environment, which may hold tokens, out of diagnostic reports', () => {
    const { status, stderr } = spawnSync(process.execPath, ['--import', REPORT, EXECUTABLE, 'version'], {
      encoding: 'utf8',
    });

    deepEqual({ status, stderr }, { status: 0, stderr: 'false\n' });
  });

  it('does not end the proxy for a line of its log that a full disk does not take', () => {
    const full = openSync('/dev/full', 'w');
    const env = { ...process.env, PRE_DRAIN_DELAY: '-1s', TERMINATION_MESSAGE_PATH: '/no/file' };

    const { status, stderr } = spawnSync(process.execPath, [EXECUTABLE, 'proxy', 'sidecar'], {
      encoding: 'utf8',
      env,
      stdio: ['ignore', full, 'pipe'],
    });
    closeSync(full);

    deepEqual(
      { status, stderr },
      { status: 255, stderr: 'Error: PRE_DRAIN_DELAY must not be negative, not -1s\n' },
    );
  });
});
