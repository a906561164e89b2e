import { deepEqual, equal, ok } from 'node:assert/strict';

import { isSecretName, maskText } from '../../src/config/secrets.ts';

describe('isSecretName', () => {
  it('knows tokens, passwords and every header for CA and discovery', () => {
    const secret = [
      'accessToken',
      'access_token',
      'CA_HEADER_X',
      'XDS_HEADER_authorization',
      'db-password',
      'AWS_SECRET_ACCESS_KEY',
    ];
    const open = ['POD_NAME', 'tokenManagerPlugin', 'ISTIO_META_TLS_CLIENT_KEY', 'CA_HEADERS', 'keyPath'];

    deepEqual([...secret, ...open].filter(isSecretName), secret);
  });
});

describe('maskText', () => {
  const cases: readonly (readonly [what: string, text: string, shown: string])[] = [
    [
      'a member of YAML',
      'tracing: {lightstep: {address: a:1, accessToken: abc}}',
      'tracing: {lightstep: {address: a:1, accessToken: ***}}',
    ],
    ['a member of JSON', String.raw`{"accessToken":"a\"b c","b":1}`, '{"accessToken":***,"b":1}'],
    ['quoted YAML', "CA_HEADER_A: 'it''s, } x'\nPOD: z", 'CA_HEADER_A: ***\nPOD: z'],
    ['a plain value of several words', 'authorization: Digest abc\nPOD: z', 'authorization: ***\nPOD: z'],
    ['a plain value with comma and brace', 'password: a,b}c\nPOD: z', 'password: ***\nPOD: z'],
    ['a plain value between others', '{password: a,b: c}', '{password: ***,b: c}'],
    ['a block of YAML', 'a:\n  token: |-\n    one\n\n    two\nPOD: z', 'a:\n  token: ***\nPOD: z'],
    ['a list', 'token: [a, b]\nPOD: z', 'token: ***\nPOD: z'],
    [
      'JSON in JSON',
      String.raw`{"x":"{\"token\":\"a,b\",\"c\":1}"}`,
      String.raw`{"x":"{\"token\":***,\"c\":1}"}`,
    ],
    [
      'a variable in a list of JSON',
      '[{"name":"DB_PASSWORD","value":"x"},{"name":"A","value":"y"}]',
      '[{"name":"DB_PASSWORD","value":***},{"name":"A","value":"y"}]',
    ],
    [
      'a header in a list of YAML',
      '- key: x-token\n  value: x\n- key: b',
      '- key: x-token\n  value: ***\n- key: b',
    ],
    ['an attribute', 'api_key=x,service=web', 'api_key=***,service=web'],
    ['the user part of a URL', 'redis://:p@ss@r:6379/0', 'redis://***@r:6379/0'],
    ['an HTTP credential', 'note Bearer abcdefgh12 end', 'note Bearer *** end'],
    ['a JSON web token', 'a eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln b', 'a *** b'],
    ['a private key', 'a\n-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\nb', 'a\n***\nb'],
    ['a private key that is cut off', '-----BEGIN PRIVATE KEY-----\nx', '***'],
  ];
  for (const [what, text, shown] of cases) {
    it(`hides ${what}`, () => equal(maskText(text), shown));
  }

  it('leaves what is no secret', () => {
    const open = [
      'privateKey: /etc/certs/key.pem, a: b',
      'spiffe://cluster.local/ns/a/sa/b',
      'https://example.com/a@b',
      '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----',
      'name: web, value: x',
      'eyJ is how they begin',
    ];

    deepEqual(
      open.map((text) => maskText(text)),
      open,
    );
  });

  it('hides known secrets that are long enough, the longest first', () => {
    equal(
      maskText('a secret-one-two b secret-one c', ['secret-one', 'secret-one-two', 'a']),
      'a *** b *** c',
    );
  });

  it('takes time that grows with the text only', () => {
    const parts = [
      'token:"',
      "token:'",
      'eyJ-',
      'a.',
      '://a',
      '{',
      'token: a,',
      '} ',
      '-----BEGIN ',
      'name:token,',
    ];
    const startMs = performance.now();

    for (const part of parts) maskText(part.repeat(20_000));

    ok(performance.now() - startMs < 2000);
  });
});
