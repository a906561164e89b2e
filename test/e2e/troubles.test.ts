// What the agent waits out: it runs on, is not ready, says why once, and gets ready when the cause is gone.

import { deepEqual, equal, match } from 'node:assert/strict';
import { rm } from 'node:fs/promises';

import type { PodExit } from './support/pod.ts';
import { type Complaint, type Trouble, TroubledPod } from './support/troubled-pod.ts';

interface NamedTrouble extends Trouble {
  readonly title: string;
  /** Which scope complains, and the cause in its complaint. */
  readonly told: Readonly<Record<string, RegExp>>;
}

const troubles: readonly NamedTrouble[] = [
  {
    title: 'a root certificate of another mesh',
    cause: (pod) => pod.mountRoot(pod.stranger),
    removal: (pod) => pod.mountRoot(pod.control),
    told: {
      cache: /not signed by a root in var\/run\/secrets\/istio\/root-cert\.pem/,
      xdsproxy: /self-signed certificate in certificate chain/,
    },
  },
  {
    title: 'a missing token',
    cause: (pod) => rm(pod.tokenPath),
    removal: (pod) => pod.mountToken(pod.control),
    told: {
      cache: /Unauthenticated .*no token was sent/,
      xdsproxy: /UNAUTHENTICATED: .*no token was sent/,
      security: /failed to fetch token from file: ENOENT.*istio-token/,
    },
  },
  {
    title: 'a token that is refused',
    cause: (pod) => pod.mountToken(pod.stranger),
    removal: (pod) => pod.mountToken(pod.control),
    told: { cache: /Unauthenticated .*unknown key/, xdsproxy: /UNAUTHENTICATED: .*unknown key/ },
  },
  {
    title: 'a CA that cannot be reached',
    ownCa: true,
    cause: async () => undefined,
    removal: (pod) => pod.openControl(pod.caPort),
    told: { cache: /ECONNREFUSED.*nothing listens at the address/ },
  },
  {
    title: 'a control plane that cannot be reached',
    cause: (pod) => pod.control.close(),
    removal: (pod) => pod.openControl(pod.control.port),
    told: { cache: /ECONNREFUSED.*nothing listens at the address/, xdsproxy: /UNAVAILABLE: .*ECONNREFUSED/ },
  },
];

/** What was seen of one agent. */
interface Story {
  readonly statusInTrouble: number;
  readonly complaints: readonly Complaint[];
  readonly exit: PodExit;
}

/** From the start in trouble, over its removal, to the orderly end. */
async function story({ told, ...trouble }: NamedTrouble): Promise<Story> {
  await using troubled = await TroubledPod.start(trouble);
  const { pod } = troubled;
  await troubled.triedAgain(Object.keys(told));
  const statusInTrouble = (await fetch(pod.status('/healthz/ready'))).status;
  const complaints = await troubled.complaints();
  await trouble.removal(troubled);
  await pod.ready(60_000);
  return { statusInTrouble, complaints, exit: await pod.stop() };
}

describe('an agent in trouble', function () {
  this.timeout(120_000);
  let stories: PromiseSettledResult<Story>[];

  before(async () => {
    // All at the same time: what they wait for is the next try, not the processor.
    stories = await Promise.allSettled(troubles.map(story));
  });

  for (const [index, { title, told }] of troubles.entries()) {
    it(`waits out ${title}, says so once, and gets ready without a restart`, () => {
      const result = stories[index];
      if (result?.status !== 'fulfilled') throw result?.reason;
      const { statusInTrouble, complaints, exit } = result.value;

      equal(statusInTrouble, 503);
      for (const [scope, cause] of Object.entries(told)) {
        const found = complaints.filter((complaint) => complaint.scope === scope);
        equal(found.length, 1, JSON.stringify(complaints));
        match(found[0]?.text ?? '', cause);
      }
      const texts = complaints.map(({ scope, text }) => `${scope} ${text.replaceAll(/\d+/g, 'N')}`);
      deepEqual(texts, [...new Set(texts)], 'something is said twice');
      deepEqual(exit, { code: 0, signal: null });
    });
  }
});
