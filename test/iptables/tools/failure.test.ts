import assert from 'node:assert/strict';

import type { ErrorId } from '../../../iptables/error-ids.ts';
import { failureId, failureLine, isBusy } from '../../../iptables/tools/failure.ts';

// Words of iptables 1.8.9 and of the kernel.
const WORDS: readonly [string, ErrorId][] = [
  [
    'iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied',
    'IPT-NO-NET-ADMIN',
  ],
  ["Fatal: can't open lock file /run/xtables.lock: Permission denied", 'IPT-NO-NET-ADMIN'],
  ["Fatal: can't open lock file /run/xtables.lock: Read-only file system", 'IPT-LOCK-FILE'],
  ['Another app is currently holding the xtables lock; waiting', 'IPT-LOCKED'],
  ['iptables-nft-restore: line 2 failed: Chain already exists.', 'IPT-DRIFT'],
  ['owner: Bad value for "--gid-owner" option: "nosuch"', 'IPT-UNKNOWN-OWNER'],
  ["iptables v1.8.9 (legacy): can't initialize iptables table `nat': Table does not exist", 'IPT-NO-MODULE'],
  ["iptables-restore: unable to initialize table 'nat'", 'IPT-NO-MODULE'],
  ["Couldn't load match `owner':No such file or directory", 'IPT-NO-MODULE'],
  ['line 5: RULE_APPEND failed (No such file or directory): rule in chain OUTPUT', 'IPT-NO-MODULE'],
  ['iptables-restore: line 2 failed', 'IPT-TOOL-FAILED'],
];

describe('failureId', () => {
  for (const [words, id] of WORDS) {
    it(`takes "${words}" for ${id}`, () => {
      assert.equal(failureId(words), id);
    });
  }
});

describe('isBusy', () => {
  const result = (code: number, stderr: string) => ({ code, stdout: '', stderr });

  it('is true of exit code 4 unless waiting cannot help', () => {
    assert.equal(isBusy(result(4, 'holding the xtables lock')), true);
    assert.equal(isBusy(result(4, 'Resource temporarily unavailable.')), true);
    assert.equal(isBusy(result(4, 'Permission denied')), false);
    assert.equal(isBusy(result(4, "can't open lock file x: Read-only file system")), false);
    assert.equal(isBusy(result(1, 'holding the xtables lock')), false);
    assert.equal(isBusy(result(4, 'CHAIN_DEL failed (Device or resource busy): chain ISTIO_INBOUND')), false);
  });
});

describe('failureLine', () => {
  it('names the kind by the exit code, and what stands after the first colon', () => {
    assert.equal(
      failureLine({ code: 2, stdout: '', stderr: 'iptables v1: bad flag\n' }),
      'xtables parameter problem: bad flag',
    );
  });

  it('leaves other words as they are', () => {
    assert.equal(failureLine({ code: 9, stdout: '', stderr: 'a: b\n' }), 'a: b');
  });
});
