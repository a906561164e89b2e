// What the agent uses of node:http. Importing that module by name reads each of its exports, and one of them
// (WebSocket) loads all of fetch: 40 ms and 13 MB at start, for nothing. So nothing else imports it but for types.

export const { Agent, createServer, get, request } = process.getBuiltinModule('node:http');
