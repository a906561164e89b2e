import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Snapshot } from '../../../src/discovery/model.ts';
import type { ResourceEncoder } from '../../../src/discovery/source/document.ts';
import { DirectorySource } from '../../../src/discovery/source/directory-source.ts';
import { loadEnvoyApi } from '../../../src/proto/envoy-api.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

interface Fixture extends AsyncDisposable {
  readonly directory: string;
  readonly recorded: RecordingLog;
  readonly snapshots: readonly Snapshot[];
  /** How many resources have been encoded so far: it grows with every reading that finds one. */
  readonly encoded: () => number;
}

const CLUSTER = '{"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster, name: web}';

async function fixture(): Promise<Fixture> {
  await using opened = new AsyncDisposableStack();
  const { path: directory } = opened.use(await temporaryDirectory());
  const api = await loadEnvoyApi();
  let encoded = 0;
  const encoder: ResourceEncoder = {
    encodeAny: (json, path) => {
      encoded += 1;
      return api.encoder.encodeAny(json, path);
    },
  };
  const recorded = recordingLog();
  const snapshots: Snapshot[] = [];
  const onSnapshot = (snapshot: Snapshot): void => {
    snapshots.push(snapshot);
  };
  opened.use(await DirectorySource.open({ directory, encoder, log: recorded.log, onSnapshot }));
  const all = opened.move();
  return {
    directory,
    recorded,
    snapshots,
    encoded: () => encoded,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** File events are the system's: they come when they come. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

describe('DirectorySource', () => {
  it('hands over a first snapshot, and one per change on disk', async () => {
    await using source = await fixture();
    assert.equal(source.snapshots.length, 1);

    await writeFile(join(source.directory, 'a.yaml'), 'names: {web: {ips: [127.0.0.1]}}');
    await until(() => source.snapshots.length > 1);
    await rm(join(source.directory, 'a.yaml'));
    await until(() => source.snapshots.length > 2);

    assert.deepEqual([...(source.snapshots[1]?.scopes[0]?.hosts.keys() ?? [])], ['web']);
    assert.deepEqual(source.snapshots[2]?.scopes, []);
  });

  it('hands over nothing while a file is bad, and says why once', async () => {
    await using source = await fixture();

    await writeFile(join(source.directory, 'a.yaml'), 'bad: 1');
    await until(() => source.recorded.messages('error').length > 0);
    await writeFile(join(source.directory, 'b.yaml'), `resources: [${CLUSTER}]`);
    await until(() => source.encoded() > 0);
    assert.equal(source.snapshots.length, 1);
    await rm(join(source.directory, 'a.yaml'));
    await until(() => source.snapshots.length > 1);

    assert.deepEqual(source.recorded.messages('error'), [
      'configuration refused, the last good one stays: ' +
        'a.yaml:1: bad: unknown; a document has nodes, resources, names, caCertificatesPem',
    ]);
  });
});
