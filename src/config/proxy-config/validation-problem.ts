// One thing that is wrong with a resolved ProxyConfig, and all of them as one error.

import { ConfigError } from '../../runtime/errors.ts';
import type { Origins } from './layers.ts';

export interface Problem {
  /** Path of the field, for example `tracing.zipkin.address`. */
  readonly field: string;
  /** In upstream's words. */
  readonly text: string;
}

/** Each problem on a line of its own, with the input that set the field: `… (PROXY_CONFIG: drainDuration)`. */
export function validationError(problems: readonly Problem[], origins: Origins): ConfigError {
  const head = problems.length === 1 ? '1 error occurred:' : `${problems.length} errors occurred:`;
  const lines = problems.map(({ field, text }) => {
    const [name = ''] = field.split('.');
    return `\t* ${text} (${origins[name] ?? 'default'}: ${field})`;
  });
  return new ConfigError([head, ...lines].join('\n'));
}
