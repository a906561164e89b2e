// Whole command lines: flags and environment to settings, and the record of a dry run.

import assert from 'node:assert/strict';

import { runCapture } from '../../../iptables/capture.ts';
import type { CaptureSettings } from '../../../iptables/settings/capture-config.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import { type CaptureHost, detectSettings } from '../../../iptables/settings/detected-settings.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { plainLog } from '../../../src/runtime/plain-log.ts';
import { parsedCapture } from '../../support/parsed-capture.ts';
import type { ConformanceCase } from '../case.ts';

interface CommandLineCase {
  readonly name: string;
  readonly backend: 'iptables' | 'nftables';
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly detected: Pick<CaptureSettings, 'enableIPv6' | 'dnsServersV4' | 'dnsServersV6'>;
  readonly config: CaptureSettings;
  readonly golden: string;
}

type ReadGolden = (path: string) => Promise<string>;

export function* commandLineCases(data: unknown, golden: ReadGolden): Iterable<ConformanceCase> {
  for (const item of data as readonly CommandLineCase[]) {
    yield { name: `${item.backend}: ${item.name}`, run: () => check(item, golden) };
  }
}

async function check(item: CommandLineCase, golden: ReadGolden): Promise<void> {
  const host = fakeHost(item.detected);
  const parsed = await parsedCapture(item.args, item.env);
  const request = { ...parsed.request, dryRun: true };
  const settings = await detectSettings(request, host, silentLog);

  assert.deepEqual(keysOf(settings, item.config), item.config);
  assert.deepEqual(await dryRunRecord(request, host, item.env), linesOf(await golden(item.golden)));
}

/** The given keys only: settings carry the rest of the request along. */
function keysOf(settings: CaptureSettings, wanted: CaptureSettings): unknown {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => key in wanted));
}

async function dryRunRecord(
  request: CaptureRequest,
  host: CaptureHost,
  env: CommandLineCase['env'],
): Promise<readonly string[]> {
  const record: string[] = [];
  const run = (): never => assert.fail('a dry run started a tool');
  const print = (line: string): void => void record.push(line);
  const deps = { run, host, clock: systemClock(), log: silentLog, print, env };
  await runCapture(deps, request, AbortSignal.any([]));
  return record;
}

function fakeHost({ enableIPv6, dnsServersV4, dnsServersV6 }: CommandLineCase['detected']): CaptureHost {
  const resolvConf = [...dnsServersV4, ...dnsServersV6].map((server) => `nameserver ${server}\n`).join('');
  const files: Readonly<Record<string, string>> = { '/etc/resolv.conf': resolvConf, '/etc/passwd': '' };
  return {
    addresses: async () => [enableIPv6 ? '2001:db8::1' : '192.0.2.1'],
    interfaces: async () => new Set(),
    uid: () => 0,
    readText: async (path) => files[path] ?? assert.fail(`read ${path}`),
  };
}

function linesOf(text: string): readonly string[] {
  return text.replace(/\n+$/, '').split('\n');
}

const silentLog = plainLog(() => undefined);
