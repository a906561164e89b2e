// Runs of the product on the network of a pod, without a process of their own: only its tools are started, inside.

import { runCapture } from '../../../iptables/capture.ts';
import type { CaptureSettings } from '../../../iptables/settings/capture-config.ts';
import { CaptureError } from '../../../iptables/errors.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { plainLog } from '../../../src/runtime/plain-log.ts';
import type { NetworkNamespace } from '../../iptables/network-namespace.ts';
import { podRequest } from '../../iptables/settings-example.ts';
import { ADDRESSES } from './pod-and-peer.ts';

/** The three places of rules. */
export type Backend = 'nft' | 'legacy' | 'native';

export interface PodRun {
  /** Lines of the report, if one was asked for. */
  readonly printed: readonly string[];
  /** Command lines of the tools, without their input. */
  readonly calls: readonly string[];
  readonly error?: CaptureError;
}

/** @param settings also say what the host is: its addresses and the servers of its resolv.conf */
export async function runInPod(
  namespace: NetworkNamespace,
  backend: Backend,
  settings: CaptureSettings,
  changes: Partial<CaptureRequest> = {},
): Promise<PodRun> {
  const printed: string[] = [];
  const calls: string[] = [];
  const deps = {
    run: async ({ file, args, input }: { file: string; args: readonly string[]; input?: string }) => {
      calls.push([file, ...args].join(' '));
      const { code, stdout, stderr } = await namespace.run(file, args, input === undefined ? {} : { input });
      return { code: code ?? 128, stdout, stderr };
    },
    host: hostOf(settings),
    clock: systemClock(),
    log: plainLog(() => undefined),
    print: (line: string) => void printed.push(line),
    env: {},
  };
  const request = podRequest({
    ...settings,
    dualStack: true,
    nativeNftables: backend === 'native',
    forceBinary: backend === 'native' ? '' : backend,
    ...changes,
  });
  try {
    await runCapture(deps, request, AbortSignal.any([]));
    return { printed, calls };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { printed, calls, error };
  }
}

function hostOf({ enableIPv6, dnsServersV4, dnsServersV6 }: CaptureSettings) {
  const servers = [...dnsServersV4, ...dnsServersV6].map((server) => `nameserver ${server}\n`).join('');
  const files: Readonly<Record<string, string>> = { '/etc/resolv.conf': servers };
  return {
    addresses: async () => [ADDRESSES.IPv4.pod, ...(enableIPv6 ? [ADDRESSES.IPv6.pod] : [])],
    interfaces: async () => new Set(['lo', 'eth0', 'net7']),
    readText: async (path: string) => files[path] ?? '',
    uid: () => 0,
  };
}
