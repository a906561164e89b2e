import assert from 'node:assert/strict';

import type { ToolCall, ToolResult } from '../../../iptables/tools/run-tool.ts';
import { sandboxedTools } from '../../../iptables/tools/sandbox.ts';
import { recordingLog } from '../../support/recording-log.ts';

const DONE: ToolResult = { code: 0, stdout: '', stderr: '' };

describe('sandboxedTools', () => {
  it('runs a tool in a mount namespace of its own, with the lock file as first word of the script', async () => {
    const calls: ToolCall[] = [];
    const run = await sandboxedTools(
      { run: async (call) => (calls.push(call), DONE), log: recordingLog().log },
      '/proc/7/ns/net',
    );

    await run({ file: 'iptables', args: ['-L'], input: 'text' });

    const { file, args, input } = calls.at(-1) ?? assert.fail('no call');
    assert.equal(file, 'unshare');
    assert.deepEqual(args.slice(0, 4), ['--mount', '--propagation', 'private', 'sh']);
    assert.deepEqual(args.slice(-4), ['sh', '/proc/7/ns/net', 'iptables', '-L']);
    assert.equal(input, 'text');
  });

  it('makes mounts slaves where they cannot be private', async () => {
    const calls: ToolCall[] = [];
    const run = async (call: ToolCall): Promise<ToolResult> => {
      calls.push(call);
      return call.args.includes('private') ? { ...DONE, code: 1 } : DONE;
    };

    const sandboxed = await sandboxedTools({ run, log: recordingLog().log }, '');
    await sandboxed({ file: 'iptables', args: [] });

    assert.ok(calls.at(-1)?.args.includes('slave'));
  });

  it('goes on without a sandbox where none can be built, and says so', async () => {
    const calls: ToolCall[] = [];
    const { log, messages } = recordingLog();
    const run = async (call: ToolCall): Promise<ToolResult> => {
      calls.push(call);
      return call.file === 'unshare' ? { code: 1, stdout: '', stderr: 'unshare failed' } : DONE;
    };

    const tools = await sandboxedTools({ run, log }, '');
    await tools({ file: 'iptables', args: ['-L'] });

    assert.deepEqual(calls.at(-1), { file: 'iptables', args: ['-L'] });
    assert.match(messages('warn').join(), /failed to setup execution environment, .*unshare failed/);
  });
});
