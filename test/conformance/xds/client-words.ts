// What a scenario's client does, by its words.

import assert from 'node:assert/strict';

import { within } from './exchange.ts';
import { typeUrlOf } from './resources.ts';
import type { World } from './world.ts';

type Words = Readonly<Record<string, string>>;

type Act = (world: World, words: Words) => Promise<void>;

const LETTER = '(?:(?<letter>[A-Z]): )?';

/** Length of a request that is one of many: together they fill every window on their way. */
const PADDING = 'r'.repeat(1000);

const ACTS: readonly (readonly [words: string, act: Act])[] = [
  [
    `${LETTER}(?<type>[A-Z]+)(?: \\((?<change>ack|nack|changed)\\))?`,
    async (world, { letter, type = '', change }) => {
      const exchange = await world.livingStream(letter);
      const errorDetail = { code: 13, message: 'refused' };
      exchange.request(typeUrlOf(type), {
        ...(change !== undefined && { responseNonce: change }),
        ...(change === 'nack' && { errorDetail }),
      });
      await exchange.settle();
    },
  ],
  [
    `${LETTER}(?<type>[A-Z]+) -> fails (?<code>\\d+)`,
    async (world, { letter, type = '', code }) => {
      const exchange = await world.openStream(letter);
      exchange.request(typeUrlOf(type));
      assert.equal((await within('status of the client', exchange.client.status)).code, Number(code));
    },
  ],
  [
    `${LETTER}new stream`,
    async (world, { letter }) => {
      await (await world.openStream(letter)).settle();
    },
  ],
  [`${LETTER}half close`, async (world, { letter }) => (await world.stream(letter)).client.halfClose()],
  [
    `${LETTER}(?:destroy socket|disconnect)`,
    async (world, { letter }) => {
      world.cut(letter);
      const { client } = await world.stream(letter);
      await within('status of the client', client.status);
    },
  ],
  [
    `${LETTER}(?<type>[A-Z]+) then stops reading`,
    async (world, { letter, type = '' }) => {
      const exchange = await world.stream(letter);
      exchange.request(typeUrlOf(type));
      await exchange.settle();
      exchange.client.stopReading();
    },
  ],
  [
    `${LETTER}(?<count>\\d+) requests while not reading`,
    async (world, { letter, count }) => {
      const exchange = await world.stream(letter);
      await exchange.settle();
      exchange.client.stopReading();
      if (world.serverDoesNotRead) (await exchange.served()).stopReading();
      for (let index = 0; index < Number(count); index++) {
        exchange.request(typeUrlOf('CDS'), { responseNonce: `${index} ${PADDING}` });
      }
    },
  ],
];

export async function clientActs(world: World, text: string): Promise<void> {
  for (const [words, act] of ACTS) {
    const match = new RegExp(`^${words}$`).exec(text);
    if (match) return act(world, match.groups ?? {});
  }
  assert.fail(`no rule for the client's "${text}"`);
}
