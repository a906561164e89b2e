import assert from 'node:assert/strict';

import { recordingTools } from '../../iptables/dry-run.ts';

describe('recordingTools', () => {
  it('keeps calls as lines, and of a call with input the lines of the input', async () => {
    const record: string[] = [];
    const run = recordingTools(record);

    await run({ file: 'iptables-save', args: [] });
    const result = await run({ file: 'iptables-restore', args: ['--noflush'], input: '* nat\nCOMMIT\n' });

    assert.deepEqual(record, ['iptables-save', '* nat', 'COMMIT']);
    assert.deepEqual(result, { code: 0, stdout: '', stderr: '' });
  });
});
