import { deepEqual, equal } from 'node:assert/strict';

import {
  envoyArguments,
  localAddressIpVersion,
  preflightArguments,
  splitLogLevel,
} from '../../../src/envoy/process/arguments.ts';
import { argumentSettings } from '../support/settings.ts';

const ALL = argumentSettings({
  drainDurationMs: 45_000,
  parentShutdownDurationMs: 60_000,
  fileFlushIntervalMs: 10_000,
  fileFlushMinSizeKb: 128,
  logLevel: 'warning,misc:error',
  componentLogLevel: 'upstream:debug',
  skipDeprecatedLogs: true,
  enableCoreDump: true,
  concurrency: 8,
  extraArguments: ['--stats-tag', 'a:b'],
});

const BOOTSTRAP = { path: 'b.json', override: '{"a":1,"admin":{"profile_path":"p"}}' };

describe('envoyArguments', () => {
  it('gives the upstream list, in its order, without hot restart', () => {
    const args = envoyArguments(ALL, { path: 'envoy-rev.json', override: '{"a":1}' }, undefined);

    equal(
      args.join(' '),
      '-c envoy-rev.json --drain-time-s 45 --drain-strategy immediate --local-address-ip-version v4 ' +
        '--file-flush-interval-msec 10000 --disable-hot-restart --allow-unknown-static-fields ' +
        '--file-flush-min-size-kb 128 -l warning --component-log-level misc:error --skip-deprecated-logs ' +
        '--enable-core-dump --config-yaml {"a":1} --concurrency 8 --stats-tag a:b',
    );
  });

  it('puts the epoch in the place of --disable-hot-restart', () => {
    const args = envoyArguments(
      ALL,
      { path: 'envoy-rev3.json', override: undefined },
      { epoch: 3, baseId: 4711 },
    );

    equal(
      args.slice(10, 18).join(' '),
      '--restart-epoch 3 --base-id 4711 --parent-shutdown-time-s 60 --skip-hot-restart-parent-stats ' +
        '--allow-unknown-static-fields',
    );
  });

  it('leaves out what is not set', () => {
    const settings = argumentSettings({ logLevel: '', concurrency: 0, skipParentStats: false });

    const args = envoyArguments(settings, { path: 'b.json', override: undefined }, { epoch: 0, baseId: 1 });

    equal(
      args.join(' '),
      '-c b.json --drain-time-s 1 --drain-strategy immediate --local-address-ip-version v4 ' +
        '--file-flush-interval-msec 1000 --restart-epoch 0 --base-id 1 --parent-shutdown-time-s 2 ' +
        '--allow-unknown-static-fields',
    );
  });
});

describe('preflightArguments', () => {
  it('serves nothing and takes no part in a restart line', () => {
    const args = preflightArguments(ALL, BOOTSTRAP, 'validate');

    deepEqual(args.slice(10, 13), ['--disable-hot-restart', '--mode', 'validate']);
    equal(args.includes('--restart-epoch'), false);
  });

  it('moves the admin port of init_only aside, in the one override Envoy accepts', () => {
    const args = preflightArguments(ALL, BOOTSTRAP, 'init_only');

    const override = args[args.indexOf('--config-yaml') + 1] ?? '';
    deepEqual(JSON.parse(override), {
      a: 1,
      admin: { profile_path: 'p', address: { socket_address: { port_value: 0 } } },
    });
    equal(args.filter((arg) => arg === '--config-yaml').length, 1);
  });
});

describe('splitLogLevel', () => {
  it('takes the last plain item as level and collects components', () => {
    deepEqual(splitLogLevel('misc:warn,info,upstream:debug,error'), {
      level: 'error',
      components: ['misc:warn', 'upstream:debug'],
      dropped: [],
    });
  });

  it('drops items with two colons', () => {
    deepEqual(splitLogLevel('info,a:b:c'), { level: 'info', components: [], dropped: ['a:b:c'] });
  });
});

describe('localAddressIpVersion', () => {
  it('is v6 only when every address is', () => {
    deepEqual([['fd00::1'], ['fd00::1', '10.0.0.1'], []].map(localAddressIpVersion), ['v6', 'v4', 'v4']);
  });
});
