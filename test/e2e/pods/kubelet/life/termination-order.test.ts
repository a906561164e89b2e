import { deepEqual } from 'node:assert/strict';

import { APPLICATION, podOf } from '../support/pod-yaml.ts';
import { endsAfter } from './termination-order.ts';

describe('endsAfter', () => {
  const sidecar = (name: string): object => ({ ...APPLICATION, name, restartPolicy: 'Always' });
  const initContainers = [sidecar('first'), { ...APPLICATION, name: 'init' }, sidecar('second')];
  const pod = podOf({ initContainers });

  it('has sidecars wait for all applications and for the sidecars behind them', () => {
    deepEqual(endsAfter('first', pod), ['app', 'second']);
    deepEqual(endsAfter('second', pod), ['app']);
  });

  it('has others wait for nobody', () => {
    deepEqual(endsAfter('app', pod), []);
    deepEqual(endsAfter('init', pod), []);
  });
});
