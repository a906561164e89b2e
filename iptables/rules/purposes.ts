// What each rule is for, in words that a reader of the kernel's rule list would want. Rules for iptables and for
// nftables that do the same carry the same words.

export const INTERFACES = {
  excludedIn: (name: string) => `excluded interface ${name}, inbound`,
  excludedOut: (name: string) => `excluded interface ${name}, outbound`,
  virtualRest: (name: string) => `rest of the traffic of virtual interface ${name}`,
  invalid: 'packets of no known connection would be answered with a reset',
  drop: 'drop invalid packets',
} as const;

export const INBOUND = {
  tunnel: "tunnel traffic reaches the proxy's own listener",
  toOutboundListener: "to the proxy's outbound listener",
  toInboundListener: "to the proxy's inbound listener",
  arriving: 'arriving TCP',
  excludedPort: (port: string) => `excluded inbound port ${port}`,
  everyOtherPort: 'every other port',
  capturedPort: (port: string) => `captured port ${port}`,
  known: (ports: string) => `${ports}, known connections`,
  fresh: (ports: string) => `${ports}, new connections`,
} as const;

export const TPROXY = {
  divert: 'packets of a known connection',
  deliver: 'delivered locally by the mark',
  redirect: 'new connections, source address kept',
  remember: 'remember the mark with the connection',
  marked: 'already marked',
  ownAddress: 'the proxy calls an own address',
  restore: 'answers get the mark back',
  onItsWay: 'already on its way to the proxy',
  localCall: 'local calls not made by the proxy',
} as const;

export const OUTBOUND = {
  leaving: 'everything that leaves',
  excludedPort: (port: string, protocol: string) => `excluded outbound port ${port}, ${protocol}`,
  passthrough: 'the proxy hands inbound traffic to the application',
  ownService: 'the application called its own service: back in through the proxy',
  ownAddress: 'the application called its own address',
  proxy: "the proxy's own traffic is never captured",
  excludedGroup: (group: string) => `excluded group ${group}`,
  otherGroups: 'only these groups are captured',
  localhost: 'explicit use of localhost',
  excludedRange: (range: string) => `excluded range ${range}`,
  capturedPort: (port: string) => `captured outbound port ${port}`,
  everyOtherAddress: 'every other address',
  capturedRange: (range: string) => `captured range ${range}`,
  virtual: (what: string, name: string) => `${what}, virtual interface ${name}`,
  everyAddress: 'every address',
} as const;

export const DNS = {
  zones: 'zones for DNS',
  queries: 'DNS queries of the application',
  redirect: (protocol: string) => `DNS over ${protocol} to the agent`,
  ownQueries: "the agent's own queries",
  ownAnswers: "the agent's answers",
  answers: 'answers of DNS servers',
  applicationQueries: "the application's queries",
  serverAnswers: "servers' answers",
} as const;
