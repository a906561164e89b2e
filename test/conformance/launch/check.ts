// One case of a start: run, then compared as a whole, so that a failure shows every difference at once. The bootstrap
// goes to the real Envoy too, unless the user wrote it.

import assert from 'node:assert/strict';

import { isJsonObject, parseJson } from '../../../src/runtime/json.ts';
import { namespaceObstacle } from '../../iptables/network-namespace.ts';
import type { EnvoyValidation, RenderedBootstrap } from '../envoy-validation.ts';
import { startAgent, type AgentRun } from './agent-start.ts';
import { wantedLaunch } from './deviations.ts';
import type { LaunchCase } from './launch-case.ts';
import { actualOutcome, wantedOutcome } from './outcome.ts';
import { RECORD, RECORDED_BOOTSTRAP } from './working-directory.ts';

export interface LaunchSurroundings {
  readonly rootCertificate: string;
  readonly validation: EnvoyValidation;
}

/** @throws AssertionError */
export async function checkLaunch(
  item: LaunchCase,
  { rootCertificate, validation }: LaunchSurroundings,
): Promise<void> {
  assert.equal(namespaceObstacle(), undefined);
  const wanted = wantedLaunch(item);
  await startAgent(item, rootCertificate, async (run) => {
    assert.deepEqual(actualOutcome(run, wanted), wantedOutcome(wanted));
    const rendered = renderedBy(run);
    if (rendered === undefined || isOfTheUser(item)) return;
    await validation.check(item.name, rendered, async (expectLoad) => {
      const upstream = { ...item, env: { ...item.env, ENVOY_FLAVOR: 'upstream' } };
      await startAgent(upstream, rootCertificate, async (other) => {
        await expectLoad(renderedBy(other) ?? assert.fail('no bootstrap for upstream'));
      });
    });
  });
}

function renderedBy({ envoy, directory }: AgentRun): RenderedBootstrap | undefined {
  const document = parseJson(envoy?.bootstrap ?? '');
  if (envoy === undefined || !isJsonObject(document)) return undefined;
  const args = withoutOverride(envoy.argv).with(
    envoy.argv.indexOf('-c') + 1,
    `${RECORD}/${RECORDED_BOOTSTRAP}`,
  );
  return { document, args, directory };
}

/** What the override says is the user's own. */
function withoutOverride(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf('--config-yaml');
  return at < 0 ? argv : argv.toSpliced(at, 2);
}

function isOfTheUser({ args, env, files }: LaunchCase): boolean {
  const settings = JSON.stringify([args, env, files]);
  return /customConfigFile|proxyBootstrapTemplatePath|--templateFile|"ISTIO_BOOTSTRAP"/.test(settings);
}
