// The comment that a rule carries with --comments: whose it is, and what it is for. `iptables -L` and `nft list` show it.

/** In front of every comment: which program made the rule. */
const PREFIX = 'sidecar-agent';

/** nftables takes one byte less than this. */
const MAX_LENGTH = 128;

/** @param why one line without quotes and backslashes */
export function commentFor(why: string): string {
  return `${PREFIX}/${why}`.slice(0, MAX_LENGTH - 1);
}
