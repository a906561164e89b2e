import { deepEqual, equal, throws } from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { loadMessages } from '../../src/proto/messages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('messages', () => {
  const messages = loadMessages();

  it('are made from the .proto file as it is now', () => {
    const args = ['node_modules/.bin/pbjs', '-t', 'json', 'src/proto/definitions/agent.proto'];

    const fresh: unknown = JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }));

    deepEqual(fresh, JSON.parse(readFileSync(`${root}/src/proto/agent.json`, 'utf8')));
  });

  it('give absent scalars and lists their default and absent messages null', () => {
    const request = messages.discoveryRequest.decode(Buffer.from('22017a', 'hex'));

    deepEqual(
      { ...request },
      { versionInfo: '', node: null, resourceNames: [], typeUrl: 'z', responseNonce: '', errorDetail: null },
    );
  });

  it('keep an empty string member of a oneof on the wire', () => {
    const metadata = { fields: { CertSigner: { stringValue: '' } } };

    const bytes = messages.certificateRequest.encode({ csr: 'x', validityDuration: 86_400, metadata });

    equal(bytes.toString('hex'), '0a01781880a30522120a100a0a436572745369676e657212021a00');
  });

  it('refuse a value of another type by the name of the field', () => {
    const wrong = { name: 7 } as unknown as Parameters<typeof messages.secret.encode>[0];

    throws(() => messages.secret.encode(wrong), {
      name: 'TypeError',
      message: 'Secret: name: string expected',
    });
  });
});
