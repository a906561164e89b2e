// What a scenario's discovery server does, by its words. It does it on the stream of the letter, or on the newest.

import assert from 'node:assert/strict';

import { within, type Exchange } from './exchange.ts';
import { largeResponse, MIB, response, type ResponseWords } from './resources.ts';
import type { World } from './world.ts';

type Words = Readonly<Record<string, string>>;

type Act = (world: World, exchange: Exchange, words: Words) => Promise<void>;

/** Of the push that a server waits for. */
const AWAITED_PUSH_BYTES = 4 * MIB;

export const DOES_NOT_READ = 'does not read requests until its push is taken';

const ACTS: readonly (readonly [words: string, act: Act])[] = [
  [
    '(?<type>[A-Z]+)(?: nonce (?<nonce>\\S+))?(?: version (?<version>\\S+))?',
    (world, exchange, { type = '', nonce, version }) => answerWell(world, exchange, { type, nonce, version }),
  ],
  [
    '(?<type>[A-Z]+) without resources',
    (_world, exchange, { type = '' }) => answer(exchange, { type, resources: 'none' }),
  ],
  [
    '(?<type>[A-Z]+) with a broken Any',
    async (world, exchange, { type = '' }) => {
      const before = exchange.requests.length;
      if (world.takesItself(type)) await answerWell(world, exchange, { type }); // what may be kept
      exchange.requests.length = before; // its answer is no part of the scenario
      await answer(exchange, { type, resources: 'broken' });
    },
  ],
  [
    '(?<type>[A-Z]+) response of (?<mib>\\d+) MiB',
    async (world, exchange, { type = '', mib }) => {
      const bytes = largeResponse(exchange.kind, type, Number(mib) * MIB);
      await world.startMeasuring();
      await exchange.respond(bytes);
      await exchange.settle();
    },
  ],
  [
    '(?<count>\\d+)(?: (?<type>[A-Z]+))? pushes of (?<mib>\\d+) MiB',
    async (world, exchange, { count, type = 'CDS', mib }) => {
      const bytes = Array.from({ length: Number(count) }, (_, index) =>
        largeResponse(exchange.kind, type, Number(mib) * MIB, `push ${index}`),
      );
      world.push(exchange, bytes);
      await world.untilStuck();
    },
  ],
  [
    DOES_NOT_READ,
    async (world, exchange) => {
      const push = largeResponse(exchange.kind, 'CDS', AWAITED_PUSH_BYTES);
      const { done } = world.push(exchange, [push]);
      await within('end of the push: nothing moves', done);
      (await exchange.served()).readOn();
    },
  ],
  ['destroy', (world) => world.control.destroy()],
  ['end OK', async (_world, exchange) => (await exchange.served()).end()],
  [
    "status (?<code>\\d+) '(?<details>.*)'",
    async (_world, exchange, { code, details = '' }) =>
      (await exchange.served()).end({ code: Number(code), details }),
  ],
];

export async function serverActs(world: World, text: string): Promise<void> {
  for (const [words, act] of ACTS) {
    const match = new RegExp(`^(?:(?<letter>[A-Z]): )?${words}$`).exec(text);
    if (!match) continue;
    const { letter, ...said } = match.groups ?? {};
    return act(world, await (letter === undefined ? world.newest() : world.stream(letter)), said);
  }
  assert.fail(`no rule for the server's "${text}"`);
}

async function answerWell(
  world: World,
  exchange: Exchange,
  words: Omit<ResponseWords, 'resources'>,
): Promise<void> {
  const host = `web-${exchange.pushed.length}.shop.svc.cluster.local`;
  if (words.type === 'NDS') world.lastHost = host;
  await answer(exchange, { ...words, resources: 'good', host });
}

async function answer(exchange: Exchange, words: ResponseWords): Promise<void> {
  await exchange.respond(response(exchange.kind, words));
  await exchange.settle();
}
