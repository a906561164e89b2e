// What a scenario expects, member by member. A member or a value without a rule fails.

import assert from 'node:assert/strict';

import { shortTypeName } from '../../../src/xds/type-urls.ts';
import { decodeRequest } from '../../xds-proxy/messages.ts';
import { within, type Exchange } from './exchange.ts';
import { MIB, typeUrlOf } from './resources.ts';
import { TOKEN } from './setup.ts';
import { eventually, type World } from './world.ts';

type Check = (world: World, expected: unknown, match: RegExpExecArray) => Promise<void>;

const CHECKS: readonly (readonly [member: string, check: Check])[] = [
  ['note', async () => undefined],
  ['upstreamSees', (world, expected) => checkRequests(world, expected as readonly string[])],
  ['clientSees', (world, expected) => checkResponses(world, expected as readonly string[])],
  ['clientStatus', async (world, expected) => assert.equal((await endOf(world)).code, expected)],
  ['clientDetails', async (world, expected) => assert.equal((await endOf(world)).details, expected)],
  ['dnsTable', checkTable],
  ['stream([A-Z])', checkStream],
  [
    'upstreamOf([A-Z])',
    async (world, expected, [, letter]) => checkUpstream(world, await world.stream(letter), expected),
  ],
  ['upstream', async (world, expected) => checkUpstream(world, await world.newest(), expected)],
  [
    'connected',
    (world, expected) =>
      eventually(`connected: ${String(expected)}`, () => world.agent.isConnected === expected),
  ],
  [
    'works',
    async (world, expected) => {
      assert.equal(expected, true);
      await (await world.newest()).settle();
    },
  ],
  [
    'nextStreamWorks',
    async (world, expected) => {
      assert.equal(expected, true);
      await (await world.openStream()).settle();
    },
  ],
  [
    'nextStreamAfterServerReturns',
    async (world, expected) => {
      assert.equal(expected, 'works');
      await world.restartControlPlane();
      await (await world.openStream()).settle();
    },
  ],
  [
    'agentExtraMemoryMaxMiB',
    async (world, expected) => {
      const extra = (await world.extraMemory()) / MIB;
      assert.ok(extra <= Number(expected), `${Math.round(extra)} MiB`);
    },
  ],
  [
    'messagesHeldByAgentMax',
    async ({ pushes }, expected) => {
      const { client } = pushes.exchange;
      const held = pushes.taken - client.inHand - client.responses.size;
      assert.ok(held <= Number(expected), `${held} are held`);
    },
  ],
  [
    'serverWritesBlock',
    async ({ pushes }, expected) => assert.equal(pushes.taken < pushes.bytes.length, expected),
  ],
  ['afterClientReads', checkPushes],
  ['deadlock', async ({ pushes }, expected) => assert.equal(pushes.taken < pushes.bytes.length, expected)],
  ['afterwards', checkManyRequests],
  ['upstreamMetadata', checkMetadata],
  [
    'authorizationHeader',
    async (world, expected) => {
      assert.equal(expected, 'absent');
      assert.equal((await metadataOf(world))['authorization'], undefined);
    },
  ],
  [
    'tokenSent',
    async (world, expected) =>
      assert.equal((await metadataOf(world))['authorization'] === `Bearer ${TOKEN}`, expected),
  ],
  [
    'streamStillOpened',
    async (world, expected) => {
      assert.equal(expected, true);
      await (await world.newest()).settle();
    },
  ],
  [
    'clientCertificateOffered',
    async (world, expected) => {
      const connection = world.control.connectionOf(await (await world.newest()).served());
      assert.equal(connection.certificateSerial !== undefined, expected);
    },
  ],
  [
    'log',
    async (world, expected) => {
      const logged = world.agent.log.messages();
      assert.ok(
        logged.some((line) => line.includes(String(expected))),
        logged.join('\n'),
      );
    },
  ],
];

export async function checkExpectations(world: World, expected: Readonly<Record<string, unknown>>) {
  for (const [member, value] of Object.entries(expected)) await checkMember(world, member, value);
}

async function checkMember(world: World, member: string, value: unknown): Promise<void> {
  for (const [words, check] of CHECKS) {
    const match = new RegExp(`^${words}$`).exec(member);
    if (match) return check(world, value, match);
  }
  assert.fail(`no rule for what is expected of "${member}"`);
}

async function endOf(world: World): Promise<{ readonly code: number; readonly details: string }> {
  return within('end of the client stream', (await world.newest()).client.status);
}

const NEW_STREAM = '-- new stream --';
const REQUEST =
  /^(?<type>[A-Z]+)(?: (?<answer>ack|nack)(?: nonce (?<nonce>\S+))?(?: version (?<version>\S+))?(?: code (?<code>\d+))?)?$/;

async function checkRequests(world: World, expected: readonly string[]): Promise<void> {
  const seen: string[] = [];
  const words = expected.filter((text) => text !== NEW_STREAM);
  for (const [index, exchange] of world.exchanges.filter(({ isServed }) => isServed).entries()) {
    if (index > 0) seen.push(NEW_STREAM);
    await exchange.collect();
    for (const bytes of exchange.requests) seen.push(requestText(exchange, bytes, words.shift()));
  }
  assert.deepEqual(seen, expected);
}

/** A request in the words in which it is expected, as far as it says what they say. */
function requestText(exchange: Exchange, bytes: Buffer, expected = ''): string {
  const isForwarded = exchange.sent.some((sent) => sent.equals(bytes));
  const request = decodeRequest(exchange.kind, bytes);
  const type = shortTypeName(request.typeUrl);
  if (isForwarded) return type;
  assert.equal('node' in request ? request.node : null, null, 'only Envoy names its node');
  const { responseNonce: nonce, versionInfo: version = '', errorDetail } = request;
  if (nonce === '' && version === '' && !errorDetail) return type;
  const words = REQUEST.exec(expected)?.groups ?? assert.fail(`no rule for the request "${expected}"`);
  const isSaid = (name: string): boolean => words[name] !== undefined;
  const said = [
    type,
    errorDetail ? 'nack' : 'ack',
    ...(isSaid('nonce') ? [`nonce ${nonce}`] : []),
    ...(isSaid('version') || exchange.kind === 'delta' ? (version === '' ? [] : [`version ${version}`]) : []),
    ...(isSaid('code') ? [`code ${errorDetail?.code}`] : []),
  ];
  return said.join(' ');
}

async function checkResponses(world: World, expected: readonly string[]): Promise<void> {
  const exchange = await world.newest();
  await exchange.collect();
  const { responses, pushed } = exchange;
  assert.equal(responses.length, expected.length, `the client has seen ${responses.length} responses`);
  for (const [index, words] of expected.entries()) {
    const bytes = responses[index] ?? assert.fail();
    assert.ok(
      pushed.some((each) => each.equals(bytes)),
      'other bytes than the server has sent',
    );
    if (words !== 'the same bytes') assert.ok(bytes.includes(typeUrlOf(words)), `no ${words}`);
  }
}

async function checkTable(world: World, expected: unknown): Promise<void> {
  assert.match(String(expected), /^(?:loaded|previous one kept)$/);
  assert.equal(
    world.agent.tables.at(-1)?.at(0).name,
    world.lastHost ?? assert.fail('no name table was sent'),
  );
}

async function checkStream(world: World, expected: unknown, [, letter]: RegExpExecArray): Promise<void> {
  const exchange = await world.stream(letter);
  const [, code] = /^ends with status (OK|\d+)$/.exec(String(expected)) ?? [];
  if (code !== undefined) {
    const { code: given } = await within('end of the stream', exchange.client.status);
    assert.equal(given, code === 'OK' ? 0 : Number(code));
  } else if (expected === 'served by a new upstream connection') {
    await exchange.settle();
    const { peer } = await exchange.served();
    for (const other of world.exchanges.filter((each) => each !== exchange)) {
      assert.notEqual((await other.served()).peer, peer);
    }
  } else assert.fail(`no rule for "${String(expected)}"`);
}

async function checkUpstream(world: World, exchange: Exchange, expected: unknown): Promise<void> {
  const served = await exchange.served();
  if (expected === 'half-closed then closed') {
    await within('half close of the upstream', served.halfClosed);
    served.end();
  } else assert.equal(expected, 'closed', `no rule for "${String(expected)}"`);
  await within('close of the upstream', world.control.connectionOf(served).closed);
}

async function checkPushes({ pushes }: World, expected: unknown): Promise<void> {
  const [, count] =
    /^all (\d+) arrive in order$/.exec(String(expected)) ?? assert.fail(`no rule for "${String(expected)}"`);
  const { exchange, bytes, done } = pushes;
  exchange.client.readOn();
  await within('end of the pushes', done);
  await exchange.settle();
  assert.equal(bytes.length, Number(count));
  assertSame(exchange.responses.slice(-bytes.length), bytes);
}

async function checkManyRequests({ pushes }: World, expected: unknown): Promise<void> {
  const [, count] =
    /^all (\d+) requests arrive in order$/.exec(String(expected)) ??
    assert.fail(`no rule for "${String(expected)}"`);
  const { exchange } = pushes;
  exchange.client.readOn();
  await exchange.settle();
  assertSame(exchange.requests.slice(-Number(count)), exchange.sent.slice(-Number(count)));
  assert.ok(exchange.sent.length >= Number(count));
}

/** Without a diff of megabytes. */
function assertSame(got: readonly Buffer[], sent: readonly Buffer[]): void {
  assert.equal(got.length, sent.length);
  for (const [index, each] of sent.entries())
    assert.ok(got[index]?.equals(each), `number ${index} is another`);
}

async function metadataOf(world: World): Promise<Readonly<Record<string, unknown>>> {
  return (await (await world.newest()).served()).metadata.getMap();
}

async function checkMetadata(world: World, expected: unknown): Promise<void> {
  const metadata = await metadataOf(world);
  for (const [key, text] of Object.entries(expected as Record<string, string>)) {
    const value = text.replace('<token>', TOKEN).replace('<cluster id>', world.agent.clusterId);
    assert.equal(metadata[key], value, key);
  }
}
