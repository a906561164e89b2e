// What is added to the layers of ProxyConfig before validation: flags, the pod's CPU limit, the address behind the
// name of the statsd sink. Upstream: pilot/cmd/pilot-agent/config/config.go, app/cmd.go.

import { messageOf } from '../../runtime/errors.ts';
import type { Json } from '../../runtime/json.ts';
import { warning, type Notice } from '../notices.ts';
import { durationText } from './proto-scalars.ts';
import type { FieldsWithOrigins } from './annotations.ts';
import { resolveStatsdAddress, type ResolveHost } from './statsd-address.ts';

export interface Adjustments {
  readonly flags: {
    /** 0: not given. */
    readonly concurrency: number;
    readonly serviceCluster: string;
    readonly templateFile: string;
    /** `--drainDuration`; undefined: not given. */
    readonly drainMs: number | undefined;
  };
  /** ISTIO_CPU_LIMIT; 0: none. */
  readonly cpuLimit: number;
  readonly cpuCount: number;
  readonly resolveHost: ResolveHost;
}

export interface AdjustedProxyConfig extends FieldsWithOrigins {
  readonly notices: readonly Notice[];
}

export async function adjustProxyConfig(
  layered: FieldsWithOrigins,
  adjustments: Adjustments,
): Promise<AdjustedProxyConfig> {
  const adjuster = new Adjuster(layered, adjustments);
  adjuster.concurrency();
  adjuster.flags();
  await adjuster.statsd();
  return adjuster;
}

class Adjuster implements AdjustedProxyConfig {
  readonly config: Record<string, Json>;
  readonly origins: Record<string, string>;
  readonly notices: Notice[] = [];
  readonly #given: Adjustments;

  constructor(layered: FieldsWithOrigins, given: Adjustments) {
    this.config = { ...layered.config };
    this.origins = { ...layered.origins };
    this.#given = given;
  }

  concurrency(): void {
    const { flags, cpuLimit, cpuCount } = this.#given;
    if (this.config.concurrency === undefined && cpuLimit !== 0) {
      this.#set('concurrency', cpuLimit, 'ISTIO_CPU_LIMIT');
    }
    if (flags.concurrency !== 0) {
      this.#set('concurrency', flags.concurrency, '--concurrency');
      const flag = `--concurrency=${flags.concurrency}`;
      this.notices.push(warning(`legacy ${flag} flag detected; prefer to use ProxyConfig`));
    }
    if ((this.config.concurrency ?? 0) === 0 && cpuLimit > 0 && cpuLimit < cpuCount) {
      const [cpus, limit] = [`${cpuCount} CPUs`, `limit ${cpuLimit}`];
      this.notices.push(
        warning(`concurrency is 0, a thread per CPU, but the CPU limit is lower: ${cpus}, ${limit}`),
      );
    }
  }

  flags(): void {
    const { serviceCluster, templateFile, drainMs } = this.#given.flags;
    if (this.config.serviceCluster === '') this.#set('serviceCluster', serviceCluster, '--serviceCluster');
    if (templateFile !== '' && (this.config.customConfigFile ?? '') === '') {
      this.#set('proxyBootstrapTemplatePath', templateFile, '--templateFile');
    }
    if (drainMs !== undefined) this.#set('drainDuration', durationText(drainMs), '--drainDuration');
  }

  async statsd(): Promise<void> {
    const { statsdUdpAddress: address } = this.config;
    if (typeof address !== 'string' || address === '') return;
    try {
      this.config.statsdUdpAddress = await resolveStatsdAddress(address, this.#given.resolveHost);
    } catch (error) {
      this.notices.push(
        warning(`resolve StatsdUdpAddress ${address} failed, no statsd sink: ${messageOf(error)}`),
      );
      this.config.statsdUdpAddress = '';
    }
  }

  #set(name: string, value: Json, origin: string): void {
    this.config[name] = value;
    this.origins[name] = origin;
  }
}
