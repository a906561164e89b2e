import { deepEqual } from 'node:assert/strict';

import { AdminClient, AdminUnreachable } from '../../../src/envoy/admin/admin-client.ts';
import { drainingConnections } from '../../../src/envoy/admin/draining-connections.ts';
import type { Epoch } from '../../../src/envoy/process/epoch.ts';

/** @param page of its statistics; undefined: it does not answer */
function draining(generation: number, page: string | undefined): Epoch {
  const send = async () => {
    if (page === undefined) throw new AdminUnreachable('gone');
    return { status: 200, body: page };
  };
  return { generation, lifeline: { admin: new AdminClient(send) } } as unknown as Epoch;
}

describe('drainingConnections', () => {
  it('asks every old Envoy over the connection that was kept to it', async () => {
    const page = 'listener.0.0.0.0_8080.downstream_cx_active: 7\nlistener.admin.downstream_cx_active: 1\n';

    const counts = await drainingConnections([draining(3, page), draining(4, page.replace('7', '0'))]);

    deepEqual(
      [...counts],
      [
        [3, 7],
        [4, 0],
      ],
    );
  });

  it('leaves out those that cannot be asked or do not know', async () => {
    const lone = { generation: 1, lifeline: undefined } as unknown as Epoch;

    deepEqual([...(await drainingConnections([lone, draining(2, undefined), draining(3, '')]))], []);
  });
});
