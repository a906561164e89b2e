import { equal, match } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { temporaryDirectory } from '../../../../support/temporary-directory.ts';
import { hostnameOf, writeNameFiles } from './name-files.ts';

describe('writeNameFiles', () => {
  it('writes what Kubernetes writes', async () => {
    await using directory = await temporaryDirectory();
    const read = (name: string): Promise<string> => readFile(join(directory.path, name), 'utf8');

    await writeNameFiles(directory.path, { name: 'web-1', namespace: 'shop', ip: '10.0.0.7' });

    equal(await read('hostname'), 'web-1\n');
    match(
      await read('hosts'),
      /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n.*\n10\.0\.0\.7\tweb-1\n$/s,
    );
    equal(
      await read('resolv.conf'),
      'search shop.svc.cluster.local svc.cluster.local cluster.local\n' +
        'nameserver 10.96.0.10\noptions ndots:5\n',
    );
  });
});

describe('hostnameOf', () => {
  it('cuts a name that is too long, and what it may not end with', () => {
    equal(hostnameOf({ name: `${'a'.repeat(62)}-b` }), 'a'.repeat(62));
  });
});
