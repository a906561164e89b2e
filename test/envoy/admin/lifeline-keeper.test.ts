import { equal } from 'node:assert/strict';

import { ModelSupervisor } from '../support/model-supervisor.ts';

describe('keepLifelines', () => {
  it('opens one connection per Envoy and keeps it', async () => {
    const subject = new ModelSupervisor();
    await subject.start();

    await subject.pass(120_000, 10_000);

    equal(subject.world.lifelines, 1);
    await subject.finish();
  });

  it('opens a new one when the old one broke and Envoy still owns its port', async () => {
    const subject = new ModelSupervisor();
    await subject.start();

    subject.world.broken = 1;
    await subject.pass(60_000, 10_000);

    equal(subject.world.lifelines, 2);
    await subject.finish();
  });
});
