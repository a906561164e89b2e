import { deepEqual, equal, rejects } from 'node:assert/strict';

import type { VolumeSpec } from '../pod-spec.ts';
import { APPLICATION, podOf, type Yaml } from '../support/pod-yaml.ts';
import { contextOf } from '../support/value-context.ts';
import { commonUser, type ProjectedFile, projectedFiles } from './projection.ts';

const SETTINGS = { settings: { color: 'red' } };
const TOKEN = { serviceAccountToken: { path: 'token', audience: 'istio-ca', expirationSeconds: 43200 } };

async function filesOf(volume: Yaml, spec: Yaml = {}): Promise<Record<string, ProjectedFile>> {
  const pod = podOf({ ...spec, volumes: [{ name: 'v', ...volume }] }, { labels: { app: 'web' } });
  const [found] = pod.volumes as readonly Extract<VolumeSpec, { kind: 'projected' }>[];
  if (found === undefined) throw new Error('no volume');
  return Object.fromEntries(await projectedFiles(found, contextOf(pod, SETTINGS)));
}

describe('projectedFiles', () => {
  it('has every key of a config map or secret', async () => {
    const color = { text: 'red', mode: 0o644 };

    deepEqual(await filesOf({ configMap: { name: 'settings' } }), { color });
    deepEqual(await filesOf({ secret: { secretName: 'settings' } }), { color });
  });

  it('has no files of what is optional and not there, and refuses the rest by name', async () => {
    deepEqual(await filesOf({ configMap: { name: 'none', optional: true } }), {});
    await rejects(filesOf({ configMap: { name: 'none' } }), /volume v .*configMap shop\/none/);
  });

  it('has fields of the pod', async () => {
    const items = [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }];

    const { labels } = await filesOf({ downwardAPI: { items } });

    equal(labels?.text, 'app="web"');
  });

  it('joins the files of several sources', async () => {
    const files = await filesOf({ projected: { sources: [TOKEN, { configMap: { name: 'settings' } }] } });

    deepEqual(Object.keys(files), ['token', 'color']);
    equal(files['token']?.text, 'for istio-ca, 43200 s');
  });
});

describe('the file of a token', () => {
  const token = async (spec: Yaml): Promise<ProjectedFile | undefined> =>
    (await filesOf({ projected: { sources: [TOKEN] } }, spec))['token'];
  const as = (runAsUser: number): Yaml => ({ ...APPLICATION, securityContext: { runAsUser } });

  it("is everybody's when the users of the containers differ", async () => {
    const file = await token({ initContainers: [as(0)], containers: [as(1337)] });

    equal(file?.mode, 0o644);
    equal(file?.uid, undefined);
  });

  it("is the user's alone when all containers have the same", async () => {
    const file = await token({ securityContext: { runAsUser: 1337 }, initContainers: [as(1337)] });

    equal(file?.mode, 0o600);
    equal(file?.uid, 1337);
  });

  it('is for the group of the pod when it has one', async () => {
    const file = await token({ securityContext: { fsGroup: 1337 } });

    equal(file?.mode, 0o600);
    equal(file?.uid, undefined);
  });

  it('has no common user where one container does not say its user', () => {
    equal(commonUser(podOf({ initContainers: [as(5)] })), undefined);
  });
});
