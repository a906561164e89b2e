import assert from 'node:assert/strict';

import { ownerIds } from '../../../iptables/model/owner-ids.ts';

describe('ownerIds', () => {
  it('reads users and groups with their numbers', async () => {
    const files: Readonly<Record<string, string>> = {
      '/etc/passwd': 'root:x:0:0::/root:/bin/sh\nenvoy:x:1337:7::/:/bin/false\n',
      '/etc/group': 'mesh:x:99:\n',
    };

    const { users, groups } = await ownerIds(async (path) => files[path] ?? '');

    assert.equal(users.get('envoy'), '1337');
    assert.equal(groups.get('mesh'), '99');
  });

  it('knows nobody where there are no such files', async () => {
    const { users, groups } = await ownerIds(() => Promise.reject(new Error('no such file')));

    assert.equal(users.size + groups.size, 0);
  });
});
