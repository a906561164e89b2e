import { deepEqual, equal } from 'node:assert/strict';

import { aws } from '../../../src/node/platform/aws.ts';
import type { Cloud } from '../../../src/node/platform/platform.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { answersOf, fakeCloud, type FakeAnswers } from './fake-clouds.ts';

const NEVER = new AbortController().signal;
const DATA = '/latest/meta-data';
const VALUES = {
  [`GET ${DATA}/iam/info`]: '{"InstanceProfileArn":"arn:aws:iam::1:instance-profile/a"}',
  [`GET ${DATA}/placement/region`]: 'eu-west-1\n',
  [`GET ${DATA}/placement/availability-zone`]: 'eu-west-1b',
  [`GET ${DATA}/instance-id`]: 'i-1',
};

async function withAws<T>(
  answers: FakeAnswers,
  use: (cloud: Cloud, log: () => string[]) => Promise<T>,
): Promise<T> {
  await using server = await fakeCloud(answers);
  const recorded = recordingLog();
  return await use(aws({ endpoint: server.url }, { clock: new FakeClock(), log: recorded.log }), () =>
    recorded.messages(),
  );
}

/** Wants the token it gives, as version 2 does. */
const versionTwo: FakeAnswers = (method, url, { headers }) => {
  if (method === 'PUT' && url === '/latest/api/token') {
    return headers['x-aws-ec2-metadata-token-ttl-seconds'] === '60' ? { body: 'secret' } : { status: 400 };
  }
  if (headers['x-aws-ec2-metadata-token'] !== 'secret') return { status: 401 };
  return answersOf(VALUES)(method, url, {} as never);
};

for (const [version, answers] of [
  ['2', versionTwo],
  ['1', answersOf(VALUES)],
] as const) {
  describe(`aws, version ${version} of the service`, () => {
    it('is detected by its identity document', async () => {
      equal(await withAws(answers, (cloud) => cloud.detect(NEVER)), true);
    });

    it('tells region, zone and instance', async () => {
      deepEqual(await withAws(answers, (cloud) => cloud.describe(NEVER)), {
        isKubernetes: true,
        metadata: { aws_region: 'eu-west-1', aws_availability_zone: 'eu-west-1b', aws_instance_id: 'i-1' },
        labels: {},
        locality: { region: 'eu-west-1', zone: 'eu-west-1b' },
      });
    });
  });
}

describe('aws', () => {
  it('is not detected where others answer', async () => {
    equal(
      await withAws(answersOf({ [`GET ${DATA}/iam/info`]: '<html>' }), (cloud) => cloud.detect(NEVER)),
      false,
    );
    equal(await withAws(answersOf({}), (cloud) => cloud.detect(NEVER)), false);
  });

  it('leaves out what the service does not say, and mentions it', async () => {
    await withAws(answersOf({ [`GET ${DATA}/instance-id`]: 'i-1' }), async (cloud, log) => {
      const { metadata, locality } = await cloud.describe(NEVER);

      deepEqual(metadata, { aws_instance_id: 'i-1' });
      deepEqual(locality, {});
      equal(log().filter((line) => line.startsWith('error in getting aws info for placement/')).length, 2);
    });
  });

  it('waits a tenth of a second for each answer', async () => {
    const clock = new FakeClock();
    await using server = await fakeCloud(() => void clock.tick(100));
    const { log, messages } = recordingLog();

    equal(await aws({ endpoint: server.url }, { clock, log }).detect(NEVER), false);

    equal(messages('debug').filter((line) => line.endsWith('within 100 ms')).length, 2);
    equal(clock.monotonicMs(), 200);
  });
});
