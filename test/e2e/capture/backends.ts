// The three places of the kernel that can hold the same rules, and the environment that chooses each.

export const BACKENDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'iptables-nft': { FORCE_IPTABLES_BINARY: 'nft' },
  'iptables-legacy': { FORCE_IPTABLES_BINARY: 'legacy' },
  'native nftables': { NATIVE_NFTABLES: 'true' },
};
