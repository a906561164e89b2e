// What a scenario's discovery server does, by its words. It does it on the newest stream.

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
    (_world, exchange, { type = '', nonce, version }) =>
      answer(exchange, { type, nonce, version, resources: 'good' }),
  ],
  [
    '(?<type>[A-Z]+) without resources',
    (_world, exchange, { type = '' }) => answer(exchange, { type, resources: 'none' }),
  ],
  [
    '(?<type>[A-Z]+) with a broken Any',
    async (_world, exchange, { type = '' }) => {
      await answer(exchange, { type, nonce: 'before', resources: 'good' }); // what may be kept
      exchange.requests.pop();
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
    '(?<count>\\d+) pushes of (?<mib>\\d+) MiB',
    async (world, exchange, { count, mib }) => {
      const bytes = Array.from({ length: Number(count) }, (_, index) =>
        largeResponse(exchange.kind, 'CDS', Number(mib) * MIB, `push ${index}`),
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
    const match = new RegExp(`^${words}$`).exec(text);
    if (match) return act(world, await world.newest(), match.groups ?? {});
  }
  assert.fail(`no rule for the server's "${text}"`);
}

async function answer(exchange: Exchange, words: ResponseWords): Promise<void> {
  await exchange.respond(response(exchange.kind, words));
  await exchange.settle();
}
