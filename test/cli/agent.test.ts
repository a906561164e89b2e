import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const AGENT = fileURLToPath(new URL('../../src/cli/agent.ts', import.meta.url));

function start(...words: string[]) {
  const child = spawn(process.execPath, [AGENT, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as unknown,
    signal: signal as unknown,
  }));
  return { child, ended };
}

describe('the executable', () => {
  it('ends with 0 and its output on stdout', async () => {
    const { child, ended } = start('version', '-s');

    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);

    assert.deepEqual([stdout, stderr, (await ended).code], ['client version: 1.31.0\n', '', 0]);
  });

  it('ends with 255 and one clear line for a mistake', async () => {
    const { child, ended } = start('wait', '--timeoutSeconds', 'soon');

    const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);

    const problem =
      'invalid argument "soon" for "--timeoutSeconds" flag: strconv.ParseInt: parsing "soon": invalid syntax';
    assert.equal(stderr, `Error: ${problem}\n`);
    assert.match(stdout, new RegExp(`^[^\\n]+\\terror\\tinvalid argument "soon"[^\\n]+\\n$`));
    assert.equal((await ended).code, 255);
  });

  it('ends at once when it is told to', async () => {
    const { child, ended } = start('wait', '--url', 'http://127.0.0.1:1/');
    await once(child.stdout, 'data'); // it has begun to wait

    child.kill('SIGTERM');

    assert.deepEqual(await ended, { code: 143, signal: null });
  });

  it('does not mind that nobody reads its output', async () => {
    const { child, ended } = start('help');
    child.stdout.destroy();

    const stderr = await text(child.stderr);

    assert.deepEqual([stderr, (await ended).code], ['', 0]);
  });
});
