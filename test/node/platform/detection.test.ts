import { deepEqual, equal, rejects } from 'node:assert/strict';

import {
  detectPlatform,
  type PlatformDeps,
  type PlatformSettings,
} from '../../../src/node/platform/detection.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../../../src/node/platform/platform.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { answersOf, fakeCloud, type FakeCloud } from './fake-clouds.ts';

const NEVER = new AbortController().signal;
const AWS = {
  'GET /latest/meta-data/iam/info': 'arn:aws:iam::1:x',
  'GET /latest/meta-data/placement/region': 'eu-west-1',
};
const TIMED_OUT = 'timed out waiting for platform detection, treating it as Unknown';

interface Given {
  readonly settings?: Partial<PlatformSettings>;
  readonly deps?: Partial<PlatformDeps>;
  readonly signal?: AbortSignal;
}

async function detect(v4: string, { settings, deps, signal = NEVER }: Given = {}) {
  const recorded = recordingLog();
  const platform: Platform = await detectPlatform(
    {
      choice: '',
      hasIpv6: false,
      inKubernetes: true,
      gcp: { metadata: '', quotaProject: '', zone: '', metadataHost: '' },
      ...settings,
    },
    {
      clock: new FakeClock(),
      log: recorded.log,
      readText: () => Promise.resolve(undefined),
      endpoints: { v4, v6: 'http://[::1]:1' },
      resolve4: () => Promise.reject(new Error('no such name')),
      ...deps,
    },
    signal,
  );
  return { platform, info: recorded.messages('info') };
}

/** Takes every question and answers none; `asked` resolves with the first. */
async function silentCloud(): Promise<FakeCloud & { readonly asked: Promise<void> }> {
  const asked = Promise.withResolvers<void>();
  const cloud = await fakeCloud(() => asked.resolve() as undefined);
  return { ...cloud, asked: asked.promise };
}

describe('detectPlatform', () => {
  for (const choice of ['none', 'None', 'NONE']) {
    it(`asks nobody for ${choice}`, async () => {
      await using cloud = await fakeCloud(answersOf(AWS));
      const readText = (): Promise<never> => Promise.reject(new Error('read'));

      const { platform } = await detect(cloud.url, { settings: { choice }, deps: { readText } });

      equal(platform, UNKNOWN_PLATFORM);
      deepEqual(cloud.requests, []);
    });
  }

  const clouds: [string, string, Platform['metadata']][] = [
    ['aws', 'AWS', { aws_region: 'eu-west-1' }],
    ['azure', 'Azure', { azure_name: 'vm' }],
    ['gcp', 'GCP', { gcp_project: 'p' }],
  ];
  const REPLIES = {
    ...AWS,
    'GET /metadata/instance?api-version=2019-08-15': '{"compute":{"name":"vm"}}',
    'GET /computeMetadata/v1/project/project-id': 'p',
    'GET /': { headers: { 'Metadata-Flavor': 'Google' } },
  };

  for (const [choice, , metadata] of clouds) {
    it(`asks only ${choice} when it is chosen, without detecting it`, async () => {
      await using cloud = await fakeCloud(answersOf(REPLIES));

      const { platform, info } = await detect(cloud.url, { settings: { choice: choice.toUpperCase() } });

      deepEqual(platform.metadata, metadata);
      deepEqual(info, []);
      equal(cloud.requests.includes('GET /latest/meta-data/iam/info'), false);
      equal(cloud.requests.includes('GET /'), false);
    });
  }

  const traces: [string, string, Record<string, string | object>, string | undefined][] = [
    ['aws', 'AWS', AWS, undefined],
    ['azure', 'Azure', {}, 'Microsoft Corporation'],
    ['gcp', 'GCP', { 'GET /': REPLIES['GET /'] }, undefined],
  ];
  for (const [cloud, name, replies, vendor] of traces) {
    it(`detects ${cloud}`, async () => {
      await using server = await fakeCloud(answersOf(replies));
      const readText = (): Promise<string | undefined> => Promise.resolve(vendor);

      const { info } = await detect(server.url, { settings: { choice: 'other' }, deps: { readText } });

      deepEqual(info, [`platform detected is ${name}`]);
    });
  }

  it('waits for no other cloud once one is detected', async () => {
    const clock = new FakeClock();
    await using silent = await silentCloud();
    const readText = async (path: string): Promise<string> => {
      if (path.startsWith('/etc')) return '';
      await silent.asked;
      return 'Microsoft Corporation';
    };

    const detected = detect(silent.url, { deps: { clock, readText } });
    await silent.asked;
    while (silent.requests.every((request) => !request.startsWith('GET /metadata'))) await nextTurn();
    await clock.tick(5000);

    deepEqual((await detected).info, ['platform detected is Azure']);
    equal(clock.sleepers, 0);
  });

  it('knows nothing where nobody answers, and says nothing of it', async () => {
    const { platform, info } = await detect('http://127.0.0.1:1');

    deepEqual(platform, UNKNOWN_PLATFORM);
    deepEqual(info, []);
  });

  it('knows nothing after five seconds', async () => {
    const clock = new FakeClock();
    await using silent = await silentCloud();

    const detected = detect(silent.url, { deps: { clock } });
    await silent.asked;
    await clock.tick(5000);

    const { platform, info } = await detected;
    deepEqual(platform, UNKNOWN_PLATFORM);
    deepEqual(info, [TIMED_OUT]);
    equal(clock.sleepers, 0);
  });

  it('keeps what a detected cloud has said within five seconds in total', async () => {
    const clock = new FakeClock();
    const answers = answersOf({ ...REPLIES, 'GET /computeMetadata/v1/project/project-id': 'p' });
    await using server = await fakeCloud((method, url, request) =>
      url.endsWith('/instance/name') ? void clock.tick(5000) : answers(method, url, request),
    );

    const { platform, info } = await detect(server.url, { settings: { choice: 'gcp' }, deps: { clock } });

    equal(platform.metadata.gcp_gce_instance, undefined);
    deepEqual(info, []);
    equal(clock.monotonicMs(), 5000);
  });

  it('asks AWS over IPv6 when the instance has such an address', async () => {
    await using v4 = await fakeCloud(answersOf({}));
    await using v6 = await fakeCloud(answersOf(AWS));
    const endpoints = { v4: v4.url, v6: v6.url };

    const { platform } = await detect(v4.url, { settings: { hasIpv6: true }, deps: { endpoints } });

    deepEqual(platform.metadata, { aws_region: 'eu-west-1' });
  });

  it('ends with the reason of the signal, and leaves nothing running', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    await using silent = await silentCloud();
    const detected = detect(silent.url, { deps: { clock }, signal: stop.signal });
    await silent.asked;

    stop.abort(new Error('asked to'));

    await rejects(detected, { message: 'asked to' });
    equal(clock.sleepers, 0);
  });

  it('gives up a name that does not resolve', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    const asked = Promise.withResolvers<AbortSignal>();
    const resolve4 = (_name: string, signal: AbortSignal): Promise<never> => {
      asked.resolve(signal);
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('cancelled')), { once: true });
      });
    };
    const detected = detect('http://127.0.0.1:1', { deps: { clock, resolve4 }, signal: stop.signal });
    await asked.promise;

    stop.abort(new Error('asked to'));

    await rejects(detected, { message: 'asked to' });
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
