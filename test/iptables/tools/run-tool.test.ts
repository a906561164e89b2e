import assert from 'node:assert/strict';

import { hostTools, ToolStartError } from '../../../iptables/tools/run-tool.ts';
import { nodeSpawn } from '../../../src/runtime/node-spawn.ts';

describe('hostTools', () => {
  const run = hostTools(nodeSpawn, { PATH: process.env['PATH'] ?? '', GREETING: 'hello' });

  it('gives a tool its input and environment and returns code and output', async () => {
    const result = await run({ file: 'sh', args: ['-c', 'cat; echo $GREETING >&2; exit 3'], input: 'text' });

    assert.deepEqual(result, { code: 3, stdout: 'text', stderr: 'hello\n' });
  });

  it('reports a program that does not exist as missing, with what to install', async () => {
    const error: unknown = await run({ file: 'no-such-tool', args: [] }).catch((thrown: unknown) => thrown);

    assert.ok(error instanceof ToolStartError && error.missing);
    assert.match(error.message, /^no no-such-tool found, of the package iptables$/);
  });
});
