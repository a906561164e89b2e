import { deepEqual, equal } from 'node:assert/strict';

import { azure, azurePlatform, newestVersion } from '../../../src/node/platform/azure.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { answersOf, fakeCloud } from './fake-clouds.ts';

const NEVER = new AbortController().signal;
const COMPUTE = { name: 'vm-1', location: 'westeurope', vmId: '1-2', zone: '2' };

function compute(more: object = {}): string {
  return JSON.stringify({ compute: { ...COMPUTE, ...more } });
}

describe('newestVersion', () => {
  it('is the newest on offer, and never older than what is known to work', () => {
    equal(newestVersion('{"newest-versions":["2021-02-01","2023-07-01","2020-10-01"]}'), '2023-07-01');
    equal(newestVersion('{"newest-versions":["2017-01-01",7]}'), '2019-08-15');
    equal(newestVersion('{"newest-versions":"2023-07-01"}'), '2019-08-15');
    equal(newestVersion('<html>'), '2019-08-15');
  });
});

describe('azurePlatform', () => {
  it('tells name, place and id', () => {
    deepEqual(azurePlatform(compute()), {
      isKubernetes: true,
      metadata: { azure_name: 'vm-1', azure_location: 'westeurope', azure_vmId: '1-2' },
      labels: {},
      locality: { region: 'westeurope', zone: '2' },
    });
  });

  it('leaves out what is not there', () => {
    const { metadata, locality } = azurePlatform(compute({ name: '', vmId: 7, zone: '' }));

    deepEqual(metadata, { azure_location: 'westeurope' });
    deepEqual(locality, { region: 'westeurope' });
  });

  function tags(more: object): object {
    const {
      azure_name: _name,
      azure_location: _location,
      azure_vmId: _id,
      ...rest
    } = azurePlatform(compute(more)).metadata;
    return rest;
  }

  it('takes the tags of the list, and those of the text only without it', () => {
    const tagsList = [{ name: 'team', value: 'a:b;c' }, { name: 'bare' }, { value: 'x' }, 7];

    deepEqual(tags({ tagsList, tags: 'other:1' }), { azure_team: 'a:b;c', azure_bare: '' });
    deepEqual(tags({ tagsList: [], tags: 'other:1' }), {});
    deepEqual(tags({ tags: 'team:a:b;bare;' }), { azure_team: 'a:b', azure_bare: '' });
    deepEqual(tags({ tags: '' }), {});
  });

  it('knows nothing from a text that is no such document', () => {
    for (const body of ['', '<html>', '[]', '{"compute":[]}']) deepEqual(azurePlatform(body).metadata, {});
  });
});

describe('azure', () => {
  function detect(vendor: string | undefined | Error): Promise<boolean> {
    const readText = async (path: string): Promise<string | undefined> => {
      equal(path, '/sys/class/dmi/id/sys_vendor');
      if (vendor instanceof Error) throw vendor;
      return vendor;
    };
    return azure({ endpoint: '' }, { clock: systemClock(), log: recordingLog().log, readText }).detect(NEVER);
  }

  it("is detected by the firmware's vendor", async () => {
    equal(await detect('Microsoft Corporation\n'), true);
    equal(await detect('QEMU\n'), false);
    equal(await detect(undefined), false);
    equal(await detect(new Error('EACCES')), false);
  });

  async function describeBy(replies: Parameters<typeof answersOf>[0]) {
    const answers = answersOf(replies);
    const recorded = recordingLog();
    await using server = await fakeCloud((method, url, request) =>
      request.headers['metadata'] === 'True' ? answers(method, url, request) : { status: 403 },
    );
    const deps = { clock: systemClock(), log: recorded.log, readText: () => Promise.resolve(undefined) };
    const platform = await azure({ endpoint: server.url }, deps).describe(NEVER);
    return { platform, requests: server.requests, warnings: recorded.messages('warn') };
  }

  it('asks with the newest version, which the refusal of a request without one names', async () => {
    const { platform, requests, warnings } = await describeBy({
      'GET /metadata/instance': {
        status: 400,
        body: '{"error":"Bad request","newest-versions":["2023-07-01"]}',
      },
      'GET /metadata/instance?api-version=2023-07-01': compute(),
    });

    equal(platform.metadata.azure_name, 'vm-1');
    deepEqual(requests, ['GET /metadata/instance', 'GET /metadata/instance?api-version=2023-07-01']);
    deepEqual(warnings, []);
  });

  it('warns of an answer that describes nothing', async () => {
    const { platform, requests, warnings } = await describeBy({});

    deepEqual(platform.metadata, {});
    equal(requests[1], 'GET /metadata/instance?api-version=2019-08-15');
    deepEqual(warnings, ['the Azure metadata service answered with status 404']);
  });

  it('warns when nobody answers', async () => {
    const { log, messages } = recordingLog();
    const deps = { clock: systemClock(), log, readText: () => Promise.resolve(undefined) };

    const { metadata } = await azure({ endpoint: 'http://127.0.0.1:1' }, deps).describe(NEVER);

    deepEqual(metadata, {});
    equal(messages('warn').length, 2);
  });
});
