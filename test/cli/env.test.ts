import { deepEqual, doesNotMatch, equal, match } from 'node:assert/strict';

import { runProgram } from '../../src/cli/main.ts';
import { recordingContext } from '../support/cli-context.ts';

async function env(environment: Readonly<Record<string, string>>, ...words: string[]) {
  const { context, stdout, stderr } = recordingContext(['env', ...words], environment);
  const code = await runProgram(context);
  return { code, stdout: stdout(), stderr: stderr() };
}

async function asJson(environment: Readonly<Record<string, string>>): Promise<object[]> {
  const { stdout } = await env(environment, '-o', 'json');
  return JSON.parse(stdout) as object[];
}

describe('env', () => {
  it('prints value, source, and why a value was rejected, under the titles of groups', async () => {
    const { code, stdout, stderr } = await env({ POD_NAME: 'web 1', PKCS8_KEY: 'maybe' });

    deepEqual([code, stderr], [0, '']);
    match(stdout, /^VARIABLE +SOURCE +VALUE +NOTE\n\nThe pod\n {2}POD_NAME +set +"web 1"\n/);
    match(stdout, /\n {2}PKCS8_KEY +default +false +rejected "maybe", expecting true\/false\n/);
    match(stdout, /\n {2}PEER_METADATA_DISCOVERY +default +unset\n/);
  });

  it('says of a variable that is set and changes nothing why that is so', async () => {
    const { stdout } = await env({ GOMAXPROCS: '2', DNS_FORWARD_RETRIES: '0' });

    match(stdout, /\n {2}GOMAXPROCS +set +2 +no effect: .*Node\n/);
    doesNotMatch((await env({})).stdout, /no effect|GOMAXPROCS/);
  });

  it('prints the same as JSON and YAML', async () => {
    const list = await asJson({ SECRET_TTL: '5' });

    deepEqual(
      list.find((each) => 'name' in each && each.name === 'SECRET_TTL'),
      {
        name: 'SECRET_TTL',
        value: '24h0m0s',
        source: 'default',
        group: 'Identity and certificates',
        rejected: { text: '5', expecting: 'a duration' },
      },
    );
    match((await env({}, '-o=yaml')).stdout, /^- name: POD_NAME\n {2}value: ""\n {2}source: default\n/);
  });

  it('shows no secret', async () => {
    const secrets = {
      CA_HEADER_KEY: 'sesame-1',
      XDS_HEADER_authorization: 'sesame-2',
      PROXY_CONFIG: '{tracing: {lightstep: {address: "a:1", accessToken: sesame-3}}}',
      ISTIO_META_DB_PASSWORD: 'sesame-4',
      ISTIO_META_NOTE: 'sesame-4 again',
      ISTIO_META_URL: 'https://me:sesame-5@example.com/',
      PKCS8_KEY: 'Bearer sesame-6',
    };

    for (const form of ['text', 'json', 'yaml']) {
      const { stdout } = await env(secrets, '-o', form);
      doesNotMatch(stdout, /sesame/, form);
      match(stdout, /CA_HEADER_KEY/, form);
      match(stdout, /accessToken: \*\*\*/, form);
    }
  });

  it('quotes what a terminal would obey', async () => {
    const { stdout } = await env({ POD_NAME: 'a\u001b[31m', SERVICE_ACCOUNT: 'größe' });

    match(stdout, /\n {2}POD_NAME +set +"a\\x1b\[31m"\n/);
    match(stdout, /\n {2}SERVICE_ACCOUNT +set +größe\n/);
  });

  it('lists each name once', async () => {
    const names = (await asJson({ ISTIO_META_OWNER: 'x', ISTIO_META_DNS_CAPTURE: 'true' })).map((each) =>
      'name' in each ? each.name : undefined,
    );

    deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
    equal(names.includes('ISTIO_META_OWNER'), true);
  });

  it('shows what istio-iptables would take, which is nothing for a bad value', async () => {
    const list = await asJson({ IPTABLES_PROBE_PORT: 'abc' });

    deepEqual(
      list.find((each) => 'name' in each && each.name === 'IPTABLES_PROBE_PORT'),
      {
        name: 'IPTABLES_PROBE_PORT',
        value: '0',
        source: 'default',
        group: 'istio-iptables',
        rejected: { text: 'abc', expecting: 'a uint16' },
      },
    );
  });

  it('refuses a form there is not, with one error', async () => {
    const { code, stderr } = await env({}, '-o', 'xml');

    deepEqual([code, stderr], [255, "Error: --output must be 'text', 'json' or 'yaml', not 'xml'\n"]);
  });
});
