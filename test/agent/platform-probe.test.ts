import { deepEqual, equal, ok } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { PlatformProbe, platformSettings } from '../../src/agent/platform-probe.ts';
import { UNKNOWN_PLATFORM } from '../../src/node/platform/platform.ts';
import { answersOf, fakeCloud } from '../node/platform/fake-clouds.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { agentConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

const NEVER = new AbortController().signal;

describe('platformSettings', () => {
  it('takes the variables as they are', async () => {
    const env = {
      CLOUD_PLATFORM: 'GCP',
      GCP_METADATA: 'p|1|c|l',
      GCP_QUOTA_PROJECT: 'q',
      GCP_ZONE: 'z',
      GCE_METADATA_HOST: 'h:80',
      KUBERNETES_SERVICE_HOST: '',
    };

    deepEqual(platformSettings(await agentConfig({ env }), ['10.0.0.1']), {
      choice: 'GCP',
      hasIpv6: false,
      inKubernetes: true,
      gcp: { metadata: 'p|1|c|l', quotaProject: 'q', zone: 'z', metadataHost: 'h:80' },
    });
  });

  it('asks over IPv6 as soon as one address is of that family', async () => {
    const config = await agentConfig();

    equal(platformSettings(config, ['10.0.0.1', 'fd00::1']).hasIpv6, true);
    equal(platformSettings(config, ['fd00::1']).hasIpv6, true);
    equal(platformSettings(config, []).inKubernetes, false);
  });
});

describe('PlatformProbe', () => {
  async function probe(signal = NEVER) {
    const asked = Promise.withResolvers<void>();
    const cloud = await fakeCloud(() => asked.resolve() as undefined);
    const clock = new FakeClock();
    const config = await agentConfig({ env: { CLOUD_PLATFORM: 'gcp', GCE_METADATA_HOST: cloud.authority } });
    const deps = { clock, log: recordingLog().log, readText: () => Promise.resolve(undefined) };
    const asking = new PlatformProbe(platformSettings(config, []), deps, signal);
    await asked.promise;
    return { asking, cloud, clock };
  }

  it('leaves nothing running when it is closed, and then knows nothing', async () => {
    const { asking, cloud, clock } = await probe();
    await using _closing = cloud;

    await asking.close();
    await asking.close();

    deepEqual(await asking.answer, UNKNOWN_PLATFORM);
    equal(clock.sleepers, 0);
  });

  it('knows nothing when the agent is told to end', async () => {
    const stop = new AbortController();
    const { asking, cloud } = await probe(stop.signal);
    await using _closing = cloud;

    stop.abort(new Error('received SIGTERM'));

    deepEqual(await asking.answer, UNKNOWN_PLATFORM);
  });
});

describe('runAgent on a cloud', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
  });
  afterEach(() => temporary.remove());

  it('waits for the answer only with Envoy: certificates, SDS and xDS go ahead', async () => {
    const open = Promise.withResolvers<void>();
    const answers = answersOf({ 'GET /computeMetadata/v1/project/project-id': 'my-project' });
    await using cloud = await fakeCloud(answers, open.promise);
    await folder.setTemplate({ listeners: ['${gcp_project_id}'] });
    const env = { CLOUD_PLATFORM: 'gcp', GCE_METADATA_HOST: cloud.authority };
    await using agent = new RunningAgent(folder, await folder.config({ env }));

    await agent.logged(/ca request failed/);
    while (!folder.sockets().xds) await nextTurn();
    const before = { openings: await folder.openings(), envoys: agent.envoys.length };
    open.resolve();
    await agent.logged(/is live after/);

    deepEqual(before, { openings: { status: true, sds: true, xds: true }, envoys: 0 });
    const bootstrap = await readFile(agent.commands[0]?.args[1] ?? '', 'utf8');
    ok(bootstrap.includes('my-project'), bootstrap);
  });

  it('asks nobody for none', async () => {
    await using cloud = await fakeCloud(answersOf({}));
    const env = { CLOUD_PLATFORM: 'none', GCE_METADATA_HOST: cloud.authority };
    await using agent = new RunningAgent(folder, await folder.config({ env }));

    await agent.logged(/is live after/);

    deepEqual(cloud.requests, []);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
