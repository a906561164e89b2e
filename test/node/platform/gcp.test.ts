import { deepEqual, equal } from 'node:assert/strict';

import { gcp, type GcpDeps, type GcpSettings } from '../../../src/node/platform/gcp.ts';
import type { Cloud } from '../../../src/node/platform/platform.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { answersOf, fakeCloud, type FakeAnswers } from './fake-clouds.ts';

const NEVER = new AbortController().signal;
const V1 = '/computeMetadata/v1';
const VALUES = {
  [`GET ${V1}/project/project-id`]: 'p',
  [`GET ${V1}/project/numeric-project-id`]: '12',
  [`GET ${V1}/instance/zone`]: 'projects/12/zones/europe-west1-b',
  [`GET ${V1}/instance/name`]: 'vm',
  [`GET ${V1}/instance/id`]: '77',
};
const CLUSTER = {
  [`GET ${V1}/instance/attributes/cluster-name`]: 'c\n',
  [`GET ${V1}/instance/attributes/cluster-location`]: 'europe-west1',
  [`GET ${V1}/instance/attributes/instance-template`]: 'projects/12/global/instanceTemplates/t',
  [`GET ${V1}/instance/attributes/created-by`]: 'projects/12/zones/z/instanceGroupManagers/g',
};
/** Nobody is there. */
const NOWHERE = 'http://127.0.0.1:1';

function cloudOf(settings: Partial<GcpSettings>, deps: Partial<GcpDeps> = {}): Cloud {
  const all = {
    metadata: '',
    quotaProject: '',
    zone: '',
    metadataHost: '',
    endpoint: NOWHERE,
    inKubernetes: true,
    ...settings,
  };
  return gcp(all, {
    clock: systemClock(),
    log: recordingLog().log,
    readText: () => Promise.resolve(undefined),
    resolve4: () => Promise.reject(new Error('no such name')),
    ...deps,
  });
}

/** Answers only who knows that this is Google's. */
function google(replies: Parameters<typeof answersOf>[0]): FakeAnswers {
  const answers = answersOf(replies);
  return (method, url, request) =>
    request.headers['metadata-flavor'] === 'Google' ? answers(method, url, request) : { status: 403 };
}

describe('gcp', () => {
  describe('is detected', () => {
    it('by GCP_METADATA and by GCE_METADATA_HOST, without a question', async () => {
      equal(await cloudOf({ metadata: 'x' }).detect(NEVER), true);
      equal(await cloudOf({ metadataHost: '127.0.0.1:1' }).detect(NEVER), true);
    });

    it('by the server that says whose it is', async () => {
      await using server = await fakeCloud(() => ({ headers: { 'Metadata-Flavor': 'Google' } }));
      await using other = await fakeCloud(() => ({ headers: { 'Metadata-Flavor': 'Other' } }));

      equal(await cloudOf({ endpoint: server.url }).detect(NEVER), true);
      equal(await cloudOf({ endpoint: other.url }).detect(NEVER), false);
    });

    it('by the name of the server, when it has the address it has in Google Cloud', async () => {
      const resolving = (...addresses: string[]) => ({ resolve4: () => Promise.resolve(addresses) });

      equal(await cloudOf({}, resolving('169.254.169.254')).detect(NEVER), true);
      equal(await cloudOf({}, resolving('203.0.113.1')).detect(NEVER), false);
    });

    it('by whichever answers first, and waits for no other', async () => {
      const clock = new FakeClock();
      await using silent = await fakeCloud(() => undefined);
      const resolve4 = (): Promise<string[]> => Promise.resolve(['169.254.169.254']);

      equal(await cloudOf({ endpoint: silent.url }, { clock, resolve4 }).detect(NEVER), true);
      equal(clock.sleepers, 0);
    });
  });

  it('tells all that the server knows', async () => {
    await using server = await fakeCloud(google({ ...VALUES, ...CLUSTER }));

    deepEqual(await cloudOf({ metadataHost: server.authority, inKubernetes: false }).describe(NEVER), {
      isKubernetes: true,
      metadata: {
        gcp_project: 'p',
        gcp_project_number: '12',
        gcp_location: 'europe-west1',
        gcp_gke_cluster_name: 'c',
        gcp_gce_instance: 'vm',
        gcp_gce_instance_id: '77',
        gcp_gce_instance_template: 'projects/12/global/instanceTemplates/t',
        gcp_gce_instance_created_by: 'projects/12/zones/z/instanceGroupManagers/g',
        gcp_gke_cluster_url:
          'https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/c',
      },
      labels: {},
      locality: { region: 'europe-west1', zone: 'europe-west1-b' },
    });
  });

  it('is a virtual machine without cluster and without Kubernetes; its location is its zone', async () => {
    await using server = await fakeCloud(google(VALUES));

    const { isKubernetes, metadata } = await cloudOf({ endpoint: server.url, inKubernetes: false }).describe(
      NEVER,
    );

    equal(isKubernetes, false);
    equal(metadata.gcp_location, 'europe-west1-b');
    equal(metadata.gcp_gke_cluster_url, undefined);
  });

  it('leaves out what the server does not say', async () => {
    const { isKubernetes, metadata, locality } = await cloudOf({}).describe(NEVER);

    deepEqual({ isKubernetes, metadata, locality }, { isKubernetes: true, metadata: {}, locality: {} });
  });

  it('asks nobody when GCP_METADATA says it', async () => {
    await using server = await fakeCloud(google(VALUES));
    const given = { metadata: 'p|12|c|europe-west1', metadataHost: server.authority };

    const { metadata, locality } = await cloudOf(given).describe(NEVER);

    equal(metadata.gcp_gke_cluster_name, 'c');
    deepEqual(locality, {});
    deepEqual(server.requests, []);
  });

  it("takes the zone of GCP_ZONE before the resolver's, and the resolver's before the server's", async () => {
    await using server = await fakeCloud(google(VALUES));
    const searched = 'search us-east1-c.c.p.internal\n';
    const readText = (path: string): Promise<string> => {
      equal(path, '/etc/resolv.conf');
      return Promise.resolve(searched);
    };
    const endpoint = server.url;

    const [given, found, asked] = await Promise.all([
      cloudOf({ endpoint, zone: 'asia-east1-a' }, { readText }).describe(NEVER),
      cloudOf({ endpoint }, { readText }).describe(NEVER),
      cloudOf({ endpoint }, { readText: () => Promise.reject(new Error('EACCES')) }).describe(NEVER),
    ]);

    deepEqual(
      [given, found, asked].map(({ locality }) => locality.zone),
      ['asia-east1-a', 'us-east1-c', 'europe-west1-b'],
    );
  });
});
