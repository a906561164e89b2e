import { deepEqual } from 'node:assert/strict';

import { invokedWords } from '../../src/cli/invoked-words.ts';

describe('words of a command line', () => {
  const NODE = '/usr/local/bin/node';

  it('are those behind the program', () => {
    const words = invokedWords([NODE, '/usr/local/bin/pilot-agent', 'proxy', 'sidecar']);

    deepEqual(words, ['proxy', 'sidecar']);
  });

  it('begin with the command that the program is called by', () => {
    const words = invokedWords([NODE, '/usr/local/bin/istio-iptables', '-p', '15001']);

    deepEqual(words, ['istio-iptables', '-p', '15001']);
  });

  it('name that command once, also when it starts itself anew with all its words', () => {
    const words = invokedWords([NODE, '/usr/local/bin/istio-iptables', 'istio-iptables', '-p', '15001']);

    deepEqual(words, ['istio-iptables', '-p', '15001']);
  });
});
