import assert from 'node:assert/strict';

import { goCommand, type GoArguments } from '../../src/cli/go-flags.ts';
import type { UnknownFlags } from '../../src/cli/go-words.ts';
import { BOOL, DURATION_MS, flag, INT, STRING } from '../../src/config/flag-rows.ts';
import { proxyFlags } from '../../src/config/proxy-flags.ts';

const flags = {
  domain: flag('domain', STRING, 'd', 'Domain.'),
  count: flag('count', INT, 7, 'Count.', 'c'),
  profiling: flag('profiling', BOOL, true, 'Profiles.'),
  grace: flag<number | undefined>('grace', DURATION_MS, undefined, 'Grace.'),
};

async function parse(
  line: string,
  unknownFlags: UnknownFlags = 'refuse',
): Promise<GoArguments<typeof flags>> {
  let parsed: GoArguments<typeof flags> | undefined;
  const run = async (given: GoArguments<typeof flags>) => {
    parsed = given;
  };
  const command = goCommand({ name: 'demo', description: 'A demo.', flags, unknownFlags, run });
  await command.exitOverride().parseAsync(line.split(' ').filter((word) => word !== ''));
  assert.ok(parsed);
  return parsed;
}

describe('goCommand', () => {
  it('gives every flag its default', async () => {
    const { flags, args, ignored, given } = await parse('');

    assert.deepEqual(
      [flags.domain, flags.count, flags.profiling, flags.grace, flags.logTarget],
      ['d', 7, true, undefined, ['stdout']],
    );
    assert.deepEqual([args, ignored, [...given]], [[], [], []]);
  });

  it('parses values by kind, and the last of repeated flags wins', async () => {
    const { flags, args, given } = await parse('a -c 1 --count=0x10 --profiling=F --grace 1m b --domain=');

    assert.deepEqual([flags.domain, flags.count, flags.profiling, flags.grace], ['', 16, false, 60_000]);
    assert.deepEqual(args, ['a', 'b']);
    assert.deepEqual([...given].sort(), ['count', 'domain', 'grace', 'profiling']);
  });

  it('collects --log_target, the first use dropping the default', async () => {
    assert.deepEqual((await parse('--log_target stderr --log_target=a,b')).flags.logTarget, [
      'stderr',
      'a,b',
    ]);
  });

  it('names flag and value when a value is bad', async () => {
    await assert.rejects(parse('--count abc'), {
      name: 'ConfigError',
      message:
        'invalid argument "abc" for "-c, --count" flag: strconv.ParseInt: parsing "abc": invalid syntax',
    });
    await assert.rejects(
      parse('--profiling=maybe'),
      /^ConfigError: invalid argument "maybe" for "--profiling" flag/,
    );
  });

  it('hands positionals on that look like flags', async () => {
    assert.deepEqual((await parse('-- --domain x')).args, ['--domain', 'x']);
  });

  it('tells which flags it ignored', async () => {
    assert.deepEqual((await parse('--trust-domain=x --id y', 'ignore')).ignored, ['--trust-domain', '--id']);
  });

  it('shows its flags for the log', async () => {
    const { flagLines } = await parse('-c 2');

    assert.ok(flagLines.includes('FLAG: --count="2"'));
    assert.ok(flagLines.includes('FLAG: --log_target="[stdout]"'));
    assert.deepEqual(flagLines.toSorted(), flagLines);
  });

  it('reads the words of an injected 1.7 sidecar', async () => {
    const line =
      'sidecar --domain default.svc.cluster.local --serviceCluster app.default --proxyLogLevel=warning ' +
      '--proxyComponentLogLevel=misc:error --trust-domain=cluster.local --concurrency 2';
    const seen: GoArguments<typeof proxyFlags>[] = [];
    const run = async (given: GoArguments<typeof proxyFlags>) => {
      seen.push(given);
    };

    await goCommand({
      name: 'proxy',
      description: '',
      flags: proxyFlags,
      unknownFlags: 'ignore',
      run,
    }).parseAsync(line.split(' '));

    const [parsed] = seen;
    assert.deepEqual(parsed?.args, ['sidecar']);
    assert.deepEqual(parsed?.ignored, ['--trust-domain']);
    assert.equal(parsed?.flags.serviceCluster, 'app.default');
    assert.equal(parsed?.flags.concurrency, 2);
  });
});

describe('the help of a goCommand', () => {
  const settings = { name: 'demo', description: 'A demo.', flags, run: async () => undefined };

  it('shows defaults as one would write them, and nothing for empty ones', () => {
    const wait = flag('wait', DURATION_MS, 5000, 'Pause.');
    const help = goCommand({
      ...settings,
      flags: { ...flags, wait },
      unknownFlags: 'refuse',
    }).helpInformation();

    assert.match(help, /\n {2}--wait <duration> +Pause\. \(default 5s\)\n/);
    assert.match(help, /\n {2}-c, --count <int> +Count\. \(default 7\)\n/);
    assert.match(help, /\n {2}--profiling +Profiles\. \(default true\)\n/);
    assert.match(help, /\n {2}--grace <duration> +Grace\.\n/);
  });

  it('shows the log flags only where they act', () => {
    const quiet = goCommand({ ...settings, unknownFlags: 'refuse' }).helpInformation();
    const loud = goCommand({ ...settings, usesLogFlags: true, unknownFlags: 'refuse' }).helpInformation();

    assert.doesNotMatch(quiet, /--log_/);
    assert.match(loud, /\nLog flags:\n {2}--log_target/);
  });
});
