import assert from 'node:assert/strict';

import { trimmedLists } from '../../../iptables/settings/trimmed-lists.ts';
import { podSettings } from '../settings-example.ts';

describe('trimmedLists', () => {
  it('drops blanks around items, with a warning per list', () => {
    const warnings: string[] = [];

    const settings = trimmedLists(
      podSettings({ inboundPortsExclude: ' 80, 81', excludeInterfaces: 'a , b' }),
      (text) => warnings.push(text),
    );

    assert.equal(settings.inboundPortsExclude, '80,81');
    assert.equal(settings.excludeInterfaces, 'a,b');
    assert.deepEqual(warnings, [
      'blanks in the list " 80, 81" are dropped',
      'blanks in the list "a , b" are dropped',
    ]);
  });

  it('leaves lists without blanks alone, and says nothing', () => {
    const settings = podSettings();

    assert.deepEqual(trimmedLists(settings, assert.fail), settings);
  });
});
