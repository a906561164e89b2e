// Flags and words of the short commands.

import { added, differs, type Subject, works } from '../claim.ts';

const SERVES = 'cli/discovery.test.ts: runs until it is told to stop, and says where it listens';
const JOB = 'cli/exec.test.ts: waits for the sidecar, runs exactly the words, and asks the sidecar to end';

export const otherFlags: Subject = {
  title: 'Flags of other commands',
  introduction: '',
  column: 'Flag',
  names: 'code',
  claims: {
    'request --debug-port': differs(
      'The same four ports. Without it `restart` and `rotate`, which 1.31 does not know, are asked of 15020.',
      'cli/request.test.ts: talks only to the debug ports',
      'cli/request.test.ts: asks port … for …',
    ),
    'request <method> <path> [<body>]': works(
      'cli/request.test.ts: takes a path with or without slash, and a body',
      'cli/request.test.ts: takes 404 for an answer',
      'cli/request.test.ts: fails for every other status from 400 on, showing the body',
    ),
    'wait --timeoutSeconds': works('cli/wait.test.ts: gives up after the timeout, with the last problem'),
    'wait --requestTimeoutMillis': works('cli/http-exchange.test.ts: gives up when no answer comes in time'),
    'wait --periodMillis': works('cli/wait.test.ts: asks after each period until the answer is 200'),
    'wait --url': works('cli/wait.test.ts: asks after each period until the answer is 200'),
    'version -s, version --short': works('cli/version.test.ts: prints one line, or the number alone'),
    'version -o, version --output': works('cli/version.test.ts: knows no other form'),
    'completion --no-descriptions': works(
      'cli/completion.test.ts: says what a word means unless it is told not to',
    ),
    'complete --no-descriptions': added(
      'cli/completion.test.ts: says what a word means unless it is told not to',
    ),
    'exec --timeoutSeconds, exec --requestTimeoutMillis, exec --periodMillis, exec --url': added(
      'cli/exec.test.ts: does not run the job when the sidecar does not get ready, and asks it to end',
    ),
    'exec --mesh, exec --meshTimeoutSeconds': added(
      'cli/sidecar-presence.test.ts: is unseen when every connection is refused for so long',
    ),
    'exec --quit, exec --quitUrl': added(JOB),
    'config -o, config --output': added('cli/offline.test.ts: print the configuration as JSON and YAML'),
    'env -o, env --output': added('cli/env.test.ts: prints the same as JSON and YAML'),
    'discovery --config-dir, discovery --state-dir, discovery --address, discovery --port, discovery --host':
      added(SERVES),
    'discovery --trust-domain, discovery --ca-cert, discovery --ca-key, discovery --jwks': added(SERVES),
  },
};
