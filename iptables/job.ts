// What one run is to do: the request as given, completed with what this host says, and checked before anything is
// touched. Whatever the user should know about it, though it stops nothing, is warned of here.

import type { Log } from '../src/runtime/log.ts';
import { CaptureError } from './errors.ts';
import { type CaptureConfig, dnsCaptureIsIdle, resolveCapture } from './settings/capture-config.ts';
import type { CaptureRequest } from './settings/capture-request.ts';
import { configDump, environmentDump } from './settings/config-dump.ts';
import { type CaptureHost, type DetectedSettings, detectSettings } from './settings/detected-settings.ts';
import { splitList } from './settings/lists.ts';
import { trimmedLists } from './settings/trimmed-lists.ts';
import { validateAlways, validateProbe, validateRuleValues } from './settings/settings-check.ts';

export interface JobDeps {
  readonly host: CaptureHost;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface CaptureJob {
  readonly request: CaptureRequest;
  readonly settings: DetectedSettings;
}

/** @throws CaptureError for a value that cannot be used, or when this host lacks what is needed */
export async function prepareJob(deps: JobDeps, given: CaptureRequest): Promise<CaptureJob> {
  const { log, host } = deps;
  log.info(environmentDump(deps.env, backendOf(given)));
  const request = trimmedLists(given, (text) => log.warn(text));
  validateAlways(request, request.forceBinary);
  if (request.runValidation) validateProbe(request);
  if (!request.skipRuleApply) validateRuleValues(request);
  const settings = await detectSettings(request, host, log);
  log.info(configDump(settings, request));
  warnOfMode(request, log);
  if (request.skipRuleApply) warnOfUnusedValues({ request, settings }, log);
  else await checkHost(deps, { request, settings });
  return { request, settings };
}

export function backendOf({ nativeNftables }: CaptureRequest): 'nftables' | 'iptables' {
  return nativeNftables ? 'nftables' : 'iptables';
}

/**
 * What the rules are made from.
 *
 * @throws CaptureError for a range that is not CIDR notation
 */
export function configOf({ request, settings }: CaptureJob): CaptureConfig {
  // What is taken away is found with and without comments.
  const comments = request.comments && request.cleanup === 'no';
  const config = { ...resolveCapture(settings), comments };
  if (request.cleanup !== 'all') return config;
  // Everything means also what flags that are not known now have made.
  const tproxy = { mark: settings.inboundTProxyMark, table: settings.inboundTProxyRouteTable };
  return { ...config, enableIPv6: true, tproxy, inboundPorts: '*' };
}

function warnOfMode({ inboundInterceptionMode: mode }: CaptureRequest, log: Log): void {
  if (['', 'REDIRECT', 'TPROXY'].includes(mode)) return;
  log.warn(`--istio-inbound-interception-mode "${mode}" is neither REDIRECT nor TPROXY; taken as REDIRECT`);
}

/** Without rules to set, values of rules may be anything; a later run with the same ones will fail, though. */
function warnOfUnusedValues(job: CaptureJob, log: Log): void {
  try {
    validateRuleValues(job.request);
    configOf(job);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    log.warn(`not used by this run, and refused by one that sets rules: ${error.message}`);
  }
}

async function checkHost({ host, log }: JobDeps, job: CaptureJob): Promise<void> {
  const { request, settings } = job;
  configOf(job); // ranges are checked while they are read
  if (dnsCaptureIsIdle(settings)) {
    log.warn(
      'REDIRECT_DNS is set, but CAPTURE_ALL_DNS is false, and no DNS servers provided. DNS capture disabled.',
    );
  }
  const names = [settings.excludeInterfaces, settings.rerouteVirtualInterfaces].flatMap(splitList);
  const present = names.length === 0 ? new Set(names) : await host.interfaces();
  for (const name of names.filter((name) => !present.has(name))) {
    log.warn(`interface "${name}" does not exist now; its rules count as soon as it does`);
  }
  if (request.cleanup !== 'no') return;
  const problem = settings.enableIPv6 ? await ipv6Problem(host) : undefined;
  if (problem !== undefined && request.preflight === 'no') throw problem;
  if (!settings.enableIPv6 && settings.hostIPv6 !== undefined) {
    log.warn(`IPv6 is not captured, although this host has ${settings.hostIPv6}: see --dual-stack`);
  }
}

/** The proxy's inbound connections come from an address on lo, which cannot be added where IPv6 is off. */
export async function ipv6Problem(host: CaptureHost): Promise<CaptureError | undefined> {
  const path = '/proc/sys/net/ipv6/conf/lo/disable_ipv6';
  const text = await host.readText(path).catch(() => ''); // where it cannot be read, setting the address will tell
  return text.trim() === '1' ? new CaptureError(`${path} is 1`, { id: 'IPT-NO-IPV6' }) : undefined;
}
