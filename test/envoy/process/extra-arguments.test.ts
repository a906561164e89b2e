import { throws } from 'node:assert/strict';

import { checkExtraArguments } from '../../../src/envoy/process/extra-arguments.ts';
import { ConfigError } from '../../../src/runtime/errors.ts';

describe('checkExtraArguments', () => {
  for (const extra of [
    ['--service-zone', 'a'],
    ['--stats-tag', 'a:b', '--stats-tag', 'c:d'],
    ['--log-path', '--looks-like-a-flag'],
    ['--enable-mutex-tracing', '--concurrency', '4'],
  ]) {
    it(`accepts ${extra.join(' ')}`, () => {
      checkExtraArguments(extra, ['-c', 'x']);
    });
  }

  for (const [extra, reason] of [
    [['--service-zone=a'], /two items: \["--service-zone","a"\]/],
    [['-ldebug'], /two items: \["-l","debug"\]/],
    [['-c', 'other.json'], /-c: the agent passes the bootstrap it wrote/],
    [['--restart-epoch', '1'], /--restart-epoch: the agent numbers the epochs/],
    [['--mode', 'validate'], /--mode: the agent runs Envoy in several modes/],
    [['--base-id', '7'], /set ENVOY_BASE_ID/],
    [['--use-dynamic-base-id'], /set ENVOY_BASE_ID/],
    [['--disable-hot-restart'], /set ENVOY_HOT_RESTART=false/],
    [['--socket-path', '@x'], /epochs find each other/],
    [['--version'], /would end Envoy at once/],
    [['--hot-restart-version'], /would end Envoy at once/],
    [['-h'], /would end Envoy at once/],
    [['--help'], /would end Envoy at once/],
    [['--'], /would ignore what follows/],
    [['--ignore_rest'], /would ignore what follows/],
    [['--service-zone', 'a', '--service-zone', 'b'], /given twice/],
    [['--drain-time-s', '5'], /given twice/],
    [['--service-zone'], /needs a value/],
    [['stray'], /a flag was expected/],
    [['--concurrency', '4.5'], /not a number of threads/],
    [['--concurrency', '2147483648'], /not a number of threads/],
  ] as const) {
    it(`refuses ${extra.join(' ')}`, () => {
      throws(
        () => checkExtraArguments(extra, ['-c', 'x', '--drain-time-s', '45']),
        (error: Error) => error instanceof ConfigError && reason.test(error.message),
      );
    });
  }
});
