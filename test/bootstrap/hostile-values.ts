// What a pod's owner may write into labels, annotations, metadata and settings, at its worst.

import * as fc from 'fast-check';

const NASTY = [
  '',
  '"',
  '\\',
  '\n',
  '\u0000',
  '\u2028',
  '${nodeID}',
  '$${x}',
  '{{ .x }}',
  '$(HOST_IP)',
  '{pod_ip}',
  '$eval',
  '__proto__',
  'constructor',
  ',',
  ',,a,',
  '(',
  '[',
  'a{2,1}',
  '(?=a)',
  '*',
  '\ud800',
  '😀',
  'true',
  '0',
  '-1',
  '1e999',
  '5s',
  '0s',
  '{"a":[1]}',
  '{"":[0]}',
  '[1',
  'a:1',
  ':1',
  '[::1]:80',
  'a:70000',
  '"\n\\'.repeat(22_000),
  '['.repeat(97) + ']'.repeat(97),
  `{"deep":${'['.repeat(97)}${']'.repeat(97)}}`,
  `{"deep":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
];

const nasty = fc.constantFrom(...NASTY);
const texts = fc.oneof(
  nasty,
  fc.string({ unit: 'binary' }),
  fc.tuple(nasty, nasty).map((parts) => parts.join('')),
);
const keys = fc
  .oneof(fc.constantFrom('', '"', '$eval', '$$', '__proto__', '${x}'), fc.string({ unit: 'binary' }))
  .filter((key) => !key.endsWith('\\')); // see hostileKey in ../config/fuzz/hostile.ts
const maps = fc.dictionary(keys, texts, { maxKeys: 4 });
const lists = fc.array(texts, { maxLength: 4 });

/** Never the name of a typed field. */
const ownKeys = keys.map((key) => `x-${key}`);
const jsonMembers = fc.dictionary(ownKeys, fc.jsonValue({ maxDepth: 5, noUnicodeString: false }), {
  maxKeys: 4,
});

const annotationNames = [
  'statsFlushInterval',
  'statsEvictionInterval',
  'statsHistogramBuckets',
  'statsInclusionPrefixes',
  'statsInclusionSuffixes',
  'statsInclusionRegexps',
  'extraStatTags',
].map((name) => `sidecar.istio.io/${name}`);

const tlsSettings = fc.record(
  {
    mode: fc.constantFrom('DISABLE', 'SIMPLE', 'MUTUAL', 'ISTIO_MUTUAL'),
    caCertificates: texts,
    clientCertificate: texts,
    privateKey: texts,
    sni: texts,
    subjectAltNames: lists,
  },
  { requiredKeys: ['mode'] },
);

export const hostileInputs = fc.record({
  id: texts,
  texts: fc.dictionary(ownKeys, texts, { maxKeys: 4 }),
  members: jsonMembers,
  loadStats: texts,
  junk: texts,
  labels: maps,
  annotations: fc.dictionary(fc.oneof(fc.constantFrom(...annotationNames), keys), texts, { maxKeys: 6 }),
  runtimeValues: maps,
  tags: lists,
  matcher: fc.record({ inclusionPrefixes: lists, inclusionSuffixes: lists, inclusionRegexps: lists }),
  address: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom('tracer:9411', '[fd00::1]:80', '$(HOST_IP):1') },
    { weight: 1, arbitrary: texts },
  ),
  tlsSettings,
  ips: fc.array(fc.oneof(fc.constantFrom('10.0.0.7', 'fd00::7', 'fe80::1%eth0'), texts), { maxLength: 3 }),
});

export type Hostile = typeof hostileInputs extends fc.Arbitrary<infer T> ? T : never;
