import { deepEqual, equal } from 'node:assert/strict';

import {
  gcpLocality,
  givenMetadata,
  withClusterUrl,
  zoneName,
  zoneOfResolvConf,
} from '../../../src/node/platform/gcp-facts.ts';

describe('givenMetadata', () => {
  it('takes the four parts, and adds what other variables say', () => {
    deepEqual(givenMetadata({ metadata: 'p|1|c|europe-west1', quotaProject: 'q', zone: 'europe-west1-b' }), {
      gcp_project: 'p',
      gcp_project_number: '1',
      gcp_gke_cluster_name: 'c',
      gcp_location: 'europe-west1',
      gcp_quota_project: 'q',
      gcp_zone: 'europe-west1-b',
      gcp_gke_cluster_url: 'https://container.googleapis.com/v1/projects/p/locations/europe-west1/clusters/c',
    });
  });

  it('takes nothing of a text without four parts', () => {
    deepEqual(givenMetadata({ metadata: 'p|1|c', quotaProject: 'q', zone: 'z-1-a' }), {
      gcp_quota_project: 'q',
      gcp_zone: 'z-1-a',
    });
  });

  it('leaves out empty parts', () => {
    deepEqual(givenMetadata({ metadata: 'p|||', quotaProject: '', zone: '' }), { gcp_project: 'p' });
  });
});

describe('withClusterUrl', () => {
  it('needs project, location and cluster', () => {
    deepEqual(withClusterUrl({ gcp_project: 'p', gcp_location: 'l', gcp_gke_cluster_name: undefined }), {
      gcp_project: 'p',
      gcp_location: 'l',
    });
  });
});

describe('zoneOfResolvConf', () => {
  it('finds the zone among the searched domains', () => {
    const text =
      'domain x\nsearch a.svc us-central1-a.c.my-project.internal google.internal\nnameserver 1.1.1.1\n';

    equal(zoneOfResolvConf(text), 'us-central1-a');
  });

  it('finds none elsewhere', () => {
    equal(zoneOfResolvConf('search c.my-project.internal google.internal\n'), '');
    equal(zoneOfResolvConf('# us-central1-a.c.my-project.internal\n'), '');
    equal(zoneOfResolvConf('search us-central1-a.c.my-project.example\n'), '');
  });
});

describe('gcpLocality', () => {
  it('has the zone without its last part as region', () => {
    deepEqual(gcpLocality('europe-west1-b'), { region: 'europe-west1', zone: 'europe-west1-b' });
    deepEqual(gcpLocality(''), {});
    deepEqual(gcpLocality('odd'), {});
  });
});

describe('zoneName', () => {
  it('is the last part of the resource', () => {
    equal(zoneName('projects/12/zones/europe-west1-b'), 'europe-west1-b');
    equal(zoneName('europe-west1-b'), 'europe-west1-b');
  });
});
