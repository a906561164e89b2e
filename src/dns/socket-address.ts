// Address and port of a DNS socket.

export interface SocketAddress {
  /** An IP without brackets, or a host name. */
  readonly host: string;
  readonly port: number;
}
