// `type-url-routing.json`: a response of each type through a real proxy, of both kinds: what Envoy gets, what the agent
// takes itself, what is logged, and what the control plane hears of it.

import assert from 'node:assert/strict';

import type { Kind } from '../../../src/xds-proxy/envelopes.ts';
import { shortTypeName } from '../../../src/xds/type-urls.ts';
import { decodeRequest, responseBytes } from '../../xds-proxy/messages.ts';
import type { ConformanceCase, OmittedCase } from '../case.ts';
import type { Handler } from './agent-under-test.ts';
import { response, typeUrlOf } from './resources.ts';
import { Setup } from './setup.ts';
import { assertKnown } from './vocabulary.ts';
import { World } from './world.ts';

interface RoutedType {
  readonly id: string;
  readonly typeUrl: string;
  readonly toEnvoy: boolean | string;
  /** Which part of the agent takes it, and when. */
  readonly handler?: string;
  readonly log?: string;
}

const SKIPPING = 'Skipping forwarding type url ... to Envoy as is not a valid Envoy type';

/** Parts of the agent by how the cases describe them. */
const HANDLERS: readonly (readonly [words: RegExp, handler: Handler])[] = [
  [/^DNS table, only when .*; else dropped\b/, 'NDS'],
  [/^trust bundle, only when .*; else dropped\b/, 'PCDS'],
];

const KNOWN = ['id', 'typeUrl', 'toEnvoy', 'handler', 'log', 'note'];

export function* routingCases(responses: readonly RoutedType[]): Iterable<ConformanceCase | OmittedCase> {
  for (const routed of responses) {
    const { id, typeUrl, toEnvoy } = routed;
    if (typeof toEnvoy === 'string' && toEnvoy.startsWith('after conversion')) {
      yield { name: id, omitted: 'Wasm modules are not replaced by local files' };
      continue;
    }
    for (const kind of ['sotw', 'delta'] as const) {
      const name = `${id} ${kind} "${typeUrl}"`;
      yield { name, run: () => check(kind, routed, undefined) };
      if (routed.handler === undefined) continue;
      yield {
        name: `${name}, taken by the agent`,
        run: () => check(kind, routed, handlerOf(routed.handler)),
      };
    }
  }
}

function handlerOf(text = ''): Handler {
  return HANDLERS.find(([words]) => words.test(text))?.[1] ?? assert.fail(`no rule for handler "${text}"`);
}

async function check(kind: Kind, routed: RoutedType, handler: Handler | undefined): Promise<void> {
  assertKnown(routed, KNOWN);
  const { typeUrl, toEnvoy, log = SKIPPING } = routed;
  assert.equal(typeof toEnvoy, 'boolean', `no rule for "${toEnvoy}"`);
  if (handler !== undefined) assert.equal(typeUrlOf(handler), typeUrl);
  const setup = new Setup();
  setup.take('kind', kind);
  if (handler !== undefined) setup.handlers.add(handler);
  await using world = await World.lay(setup, { isMeasured: false, serverDoesNotRead: false });
  const exchange = await world.stream();
  exchange.request(typeUrlOf('LDS'));
  await exchange.settle();
  const before = exchange.requests.length;

  const bytes =
    handler === undefined
      ? responseBytes(kind, typeUrl, { nonce: 'n' })
      : response(kind, { type: handler, nonce: 'n', resources: 'good' });
  await exchange.respond(bytes);
  await exchange.settle();

  const heard = exchange.requests.slice(before).map((each) => decodeRequest(kind, each));
  assert.deepEqual(exchange.responses.map(String), toEnvoy === true ? [String(bytes)] : []);
  const answers = heard.map(({ typeUrl: type, responseNonce }) => `${shortTypeName(type)} ${responseNonce}`);
  assert.deepEqual(answers, handler === undefined ? [] : [`${handler} n`]);
  assert.deepEqual(
    world.agent.log.messages('error'),
    toEnvoy === true || handler !== undefined ? [] : [log.replace('...', typeUrl)],
  );
  assert.equal(world.agent.tables.length, handler === 'NDS' ? 1 : 0);
  assert.equal(world.agent.bundles.length, handler === 'PCDS' ? 1 : 0);
}
