import assert from 'node:assert/strict';

import { CaptureError } from '../../../iptables/errors.ts';
import { noVariant } from '../../../iptables/tools/detection-failure.ts';
import { ToolStartError } from '../../../iptables/tools/run-tool.ts';

function missing(name: string) {
  const cause = Object.assign(new Error('spawn'), { code: 'ENOENT' });
  return { name, problem: new ToolStartError(name, cause) };
}

const DENIED = { name: 'iptables-nft', problem: new CaptureError('denied', { id: 'IPT-NO-NET-ADMIN' }) };
const NO_TABLE = { name: 'iptables', problem: new CaptureError('no table', { id: 'IPT-NO-MODULE' }) };

describe('noVariant', () => {
  it('names what was looked for when nothing is installed', () => {
    const { id, message } = noVariant('iptables', [missing('iptables-nft'), missing('iptables')], []);

    assert.equal(id, 'IPT-NO-TOOL');
    assert.equal(message, 'no iptables found (looked for iptables-nft, iptables)');
  });

  it('gives every reason, and the id of the weightiest', () => {
    const { id, message } = noVariant('iptables', [NO_TABLE, DENIED, missing('x')], []);

    assert.equal(id, 'IPT-NO-NET-ADMIN');
    assert.equal(message, 'no table; denied');
  });

  it('counts the reason of a variant that was only looked at', () => {
    assert.equal(noVariant('iptables', [missing('x')], [{ ...DENIED, dump: '' }]).id, 'IPT-NO-NET-ADMIN');
  });

  it('tells when only the legacy tools are there', () => {
    const { id } = noVariant('iptables', [missing('x')], [{ name: 'iptables-legacy', dump: '' }]);

    assert.equal(id, 'IPT-ONLY-LEGACY');
  });
});
