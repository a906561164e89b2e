import { doesNotThrow, equal, match, throws } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';

import { generateKeys, privateKeyPem } from '../../src/pki/keys.ts';
import { forbidSecrets } from './secret-shapes.ts';

const HEADER = Buffer.from('{"alg":"ES256"}').toString('base64url');
const PAYLOAD = Buffer.from('{"sub":"web"}').toString('base64url');
const TOKEN = `${HEADER}.${PAYLOAD}.${'s'.repeat(43)}`;

describe('forbidSecrets', () => {
  for (const isPkcs8 of [true, false]) {
    it(`notices a private key (${isPkcs8 ? 'PKCS#8' : 'SEC1'})`, async () => {
      const { privateKey } = await generateKeys({ type: 'ec', curve: 'P-256' });
      const text = `cannot use\n${privateKeyPem(privateKey, isPkcs8)}`;

      throws(() => forbidSecrets(text, 'the agent'), /^Error: the agent printed a private key/);
    });
  }

  it('notices a token in the middle of a line, and does not repeat it', () => {
    const check = (): void => forbidSecrets(`first\nrefused was Bearer ${TOKEN}, sorry`, 'the agent');

    throws(
      check,
      ({ message }: Error) => /refused was Bearer eyJ/.test(message) && !message.includes(PAYLOAD),
    );
  });

  it('takes words, certificates and masks for what they are', () => {
    const text = `the label is RSA PRIVATE KEY\n-----BEGIN CERTIFICATE-----\nBearer ***\n${HEADER}`;

    doesNotThrow(() => forbidSecrets(text, 'the agent'));
  });
});

describe('the watch over what the tests print', () => {
  it('fails a run in which a test prints a token', () => {
    const [watch, leaking] = ['secret-watch.ts', 'fixtures/leaking.ts'].map((name) =>
      resolve(import.meta.dirname, name),
    );
    const mocha = resolve(import.meta.dirname, '../../node_modules/mocha/bin/mocha.js');
    const words = [mocha, '--no-config', '--require', String(watch), String(leaking)];

    const { status, stdout } = spawnSync(process.execPath, words, {
      env: { LEAK: TOKEN },
      encoding: 'utf8',
    });

    equal(status, 1);
    match(stdout, /1 passing[^]*a test printed a private key or a token: refused eyJ/);
  });
});
