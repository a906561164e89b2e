// Host and port in one text, as URLs, Host headers and log lines write them.

export interface HostPort {
  /** An IP without brackets, or a host name. */
  readonly host: string;
  readonly port: number | string;
}

/** An IPv6 address gets brackets, as by Go's JoinHostPort. */
export function hostPort({ host, port }: HostPort): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
