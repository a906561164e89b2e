// What reading the configuration has to say to the operator. The log does not exist yet while configuration is
// read, so remarks are collected and written by whoever has one.

import type { LogLevel } from '../runtime/log.ts';

export interface Notice {
  readonly level: LogLevel;
  readonly message: string;
}

export function warning(message: string): Notice {
  return { level: 'warn', message };
}

export function info(message: string): Notice {
  return { level: 'info', message };
}
