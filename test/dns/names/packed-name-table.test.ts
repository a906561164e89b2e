import { deepEqual, equal, throws } from 'node:assert/strict';

import { PackedNameTable } from '../../../src/dns/names/packed-name-table.ts';
import { packed, packedBytes } from '../support/packed.ts';

const WEB = {
  ips: ['10.0.0.1', '2001:db8::1'],
  registry: 'Kubernetes',
  shortname: 'web',
  namespace: 'shop',
  altHosts: ['web.example'],
};
const NOTHING = { ips: [], registry: '', shortname: '', namespace: '', altHosts: [] };

/** A length-delimited field. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
}

describe('PackedNameTable', () => {
  it('has each host with all that is said of it, in the order of the table', () => {
    const table = packed({ 'web.shop': WEB, 'a.example': { ips: ['1.1.1.1'] }, 'b.example': {} });

    equal(table.count, 3);
    deepEqual(table.at(0), { name: 'web.shop', info: WEB });
    deepEqual(table.at(1), { name: 'a.example', info: { ...NOTHING, ips: ['1.1.1.1'] } });
    deepEqual(table.at(2), { name: 'b.example', info: NOTHING });
  });

  it('reads hosts in any order, and again', () => {
    const table = packed({ a: { ips: ['1.1.1.1'] }, b: { ips: ['2.2.2.2'] } });

    deepEqual(
      [1, 0, 1].map((number) => table.at(number).name),
      ['b', 'a', 'b'],
    );
  });

  it('is empty for a message without hosts', () => {
    equal(new PackedNameTable(Buffer.alloc(0)).count, 0);
  });

  it('takes names that are no ASCII', () => {
    equal(packed({ 'bücher.example': {} }).at(0).name, 'bücher.example');
    equal(packed({ 'odd\uFFFD.example': {} }).at(0).name, 'odd\uFFFD.example');
  });

  it('passes over fields it does not know, wherever they are', () => {
    const unknown = Buffer.concat([Buffer.from([15 * 8, 1]), field(14, 'later')]); // a number and a text
    const info = Buffer.concat([unknown, field(1, '1.1.1.1')]);
    const entry = Buffer.concat([unknown, field(1, 'a'), field(2, info)]);
    const table = new PackedNameTable(Buffer.concat([unknown, field(1, entry)]));

    deepEqual([table.count, table.at(0)], [1, { name: 'a', info: { ...NOTHING, ips: ['1.1.1.1'] } }]);
  });

  it('refuses bytes that are no message, at once', () => {
    const whole = packedBytes({ 'a.example': WEB });

    throws(() => new PackedNameTable(whole.subarray(0, -1)));
    throws(() => new PackedNameTable(Buffer.from('not a table')));
  });

  it('refuses an entry that is none when it is looked at', () => {
    const tooLong = Buffer.from([0x0a, 9, 0x61]); // a name of nine bytes, of which one is there
    const pastItsEntry = Buffer.from([0x0a, 2, 0x61]); // one that reaches into the next entry

    for (const entry of [tooLong, pastItsEntry]) {
      const table = new PackedNameTable(Buffer.concat([field(1, entry), field(1, field(1, 'b'))]));

      throws(() => table.at(0), /runs past the end|out of range/);
    }
  });

  it('refuses a text that is not UTF-8', () => {
    const table = new PackedNameTable(field(1, field(1, Buffer.from([0x61, 0xff]))));

    throws(() => table.at(0), { message: 'a text is not valid UTF-8' });
  });
});
