import assert from 'node:assert/strict';

import { concatPem, formatPem, parsePem, PemError, pemTexts } from '../../src/pki/pem.ts';

const der = Buffer.from('a body that needs more than one line of sixty-four Base64 columns to be written');

describe('parsePem', () => {
  it('reads back what formatPem writes', () => {
    const text = formatPem({ label: 'CERTIFICATE', der });

    assert.deepEqual(parsePem(text), [{ label: 'CERTIFICATE', der }]);
    assert.ok(text.split('\n').every((line) => line.length <= 64));
    assert.ok(text.endsWith('-----END CERTIFICATE-----\n'));
  });

  it('skips text outside blocks and accepts CRLF', () => {
    const block = formatPem({ label: 'CERTIFICATE', der }).replaceAll('\n', '\r\n');

    const blocks = parsePem(`subject: someone\r\n${block}\r\nand more\n${block}`);

    assert.deepEqual(
      blocks.map((one) => one.der),
      [der, der],
    );
  });

  it('gives an empty list for text without blocks', () => {
    assert.deepEqual(parsePem('no block here'), []);
  });

  it('refuses a block that is not Base64, without showing it', () => {
    const text = '-----BEGIN PRIVATE KEY-----\nsecret!\n-----END PRIVATE KEY-----\n';

    assert.throws(
      () => parsePem(text),
      (error) => error instanceof PemError && !error.message.includes('secret'),
    );
  });

  it('takes no time for much white space before what is not Base64', () => {
    const text = `-----BEGIN CERTIFICATE-----\n${' '.repeat(500_000)}!\n-----END CERTIFICATE-----\n`;
    const startMs = performance.now();

    assert.throws(() => parsePem(text), PemError);

    assert.ok(performance.now() - startMs < 1000); // hours when every space is tried as the last one
  });
});

describe('pemTexts', () => {
  it('gives each block from BEGIN to END', () => {
    const block = formatPem({ label: 'CERTIFICATE', der });

    assert.deepEqual(pemTexts(`${block}noise\n${block}`), [block.trimEnd(), block.trimEnd()]);
  });
});

describe('concatPem', () => {
  const rows: [string[], string][] = [
    [[], ''],
    [['one'], 'one'],
    [['one', 'two'], 'one\ntwo'],
    [['one\n', 'two'], 'one\ntwo'],
    [['one\n', 'two\n'], 'one\ntwo\n'],
  ];
  for (const [parts, expected] of rows) {
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(parts)}`, () => {
      assert.equal(concatPem(parts), expected);
    });
  }
});
