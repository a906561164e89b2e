// The material for the real Envoy: templates that it must load, and bad configurations of a child, whose fate and that
// of its parent were measured. Each is given to a child of our own making, and to the checks before a hot restart.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fetchEnvoy } from '../../../examples/demo/fetch-envoy.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import type { JsonObject } from '../../../src/runtime/json.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { EnvoyValidation } from '../envoy-validation.ts';
import type { ConformanceCase } from '../case.ts';
import { checkShape } from './shapes.ts';
import { checkVerdict, Handover, type Fate } from './handover.ts';

interface BadConfig extends Fate {
  readonly name: string;
  readonly note: string;
  readonly validateExit: number;
  readonly initOnly?: { readonly exit: number; readonly text: string };
  readonly configText?: string;
  readonly mergeOverStatic?: JsonObject;
}

const TEMPLATES = ['static.json.tmpl', 'ads.json.tmpl'];
const PORTS = ['ADMIN', 'DIRECT', 'UPSTREAM', 'TCP', 'BACKEND', 'ECHO', 'ADS'] as const;
const MEMBERS = ['name', 'zone', 'childExit', 'validateExit', 'note', 'parentAfter', 'flagAfter'];

type Ports = Readonly<Record<(typeof PORTS)[number], number>>;

export async function* realEnvoyCases(directory: string): AsyncIterable<ConformanceCase> {
  for (const name of TEMPLATES) {
    yield { name: `real Envoy: ${name}`, run: () => checkTemplate(directory, name) };
  }
  yield { name: 'real Envoy: ads-resources.json.tmpl', run: () => checkResources(directory) };
  const text = await readFile(join(directory, 'bad-configs.json.tmpl'), 'utf8');
  const { cases } = filledIn(text, await chosenPorts()) as unknown as {
    readonly cases: readonly BadConfig[];
  };
  for (const { name } of cases) {
    yield { name: `real Envoy: child with ${name}`, run: () => checkChild(directory, text, name) };
  }
}

/** Placeholders are bare numbers: the text is JSON only when they are filled in. */
function filledIn(text: string, ports: Ports): JsonObject {
  const known = PORTS.reduce((all, name) => all.replaceAll(`@${name}@`, String(ports[name])), text);
  return JSON.parse(known) as JsonObject;
}

async function chosenPorts(): Promise<Ports> {
  const ports = await freePorts(PORTS.length);
  return Object.fromEntries(PORTS.map((name, at) => [name, ports[at]])) as Ports;
}

async function checkTemplate(directory: string, name: string): Promise<void> {
  await using folder = await temporaryDirectory();
  const document = filledIn(await readFile(join(directory, name), 'utf8'), await chosenPorts());
  const path = join(folder.path, 'bootstrap.json');
  await writeFile(path, JSON.stringify(document));
  const validation = await EnvoyValidation.create();
  await validation.check(name, { document, args: ['-c', path], directory: folder.path }, () =>
    Promise.resolve(),
  );
}

async function checkResources(directory: string): Promise<void> {
  const ports = await chosenPorts();
  const resources = filledIn(await readFile(join(directory, 'ads-resources.json.tmpl'), 'utf8'), ports);
  const fixed = filledIn(await readFile(join(directory, 'static.json.tmpl'), 'utf8'), ports);
  checkShape(resources, 'ads-resources', ['listeners', 'clusters']);
  const { static_resources: own } = fixed as { static_resources: { listeners: unknown; clusters: unknown } };
  assert.deepEqual(resources, { listeners: own.listeners, clusters: own.clusters });
}

async function checkChild(directory: string, text: string, name: string): Promise<void> {
  const ports = await chosenPorts();
  const { cases } = filledIn(text, ports) as unknown as { readonly cases: readonly BadConfig[] };
  const bad = cases.find((each) => each.name === name);
  if (bad === undefined) throw new Error(`no case ${name}`);
  checkShape(bad, name, MEMBERS, ['configText', 'mergeOverStatic', 'initOnly']);
  const good = filledIn(await readFile(join(directory, 'static.json.tmpl'), 'utf8'), ports);
  const config = bad.configText ?? JSON.stringify({ ...good, ...bad.mergeOverStatic });
  await using folder = await temporaryDirectory();
  const servers = [createServer((_, response) => response.end('backend')), createTcpServer((c) => c.pipe(c))];
  try {
    await Promise.all(servers.map((server, at) => listen(server, at === 0 ? ports.BACKEND : ports.ECHO)));
    const given = { binary: await fetchEnvoy(), directory: folder.path, adminPort: ports.ADMIN };
    await using handover = await Handover.start(
      { ...given, trafficPort: ports.DIRECT },
      JSON.stringify(good),
    );
    await checkVerdict(handover, config, isAccepted(bad));
    await handover.checkFate(config, bad);
    if (bad.parentAfter.alive) await handover.checkRetry();
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

/** Whether the checks before a hot restart, which pass `--allow-unknown-static-fields`, let it through. */
function isAccepted({ note, validateExit, initOnly }: BadConfig): boolean {
  if (initOnly !== undefined) return false;
  return validateExit === 0 || note.includes('accepted with --allow-unknown-static-fields');
}

function listen(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address() as AddressInfo));
  });
}
