// The parts of a rendered bootstrap that tests look into, typed just as far.

import { renderBootstrap } from '../../src/bootstrap/bootstrap.ts';
import { sidecarBootstrap, type BootstrapChanges } from './inputs.ts';

export interface NamedObject {
  readonly name: string;
  readonly [member: string]: unknown;
}

export interface RenderedBootstrap {
  readonly [section: string]: unknown;
  readonly static_resources: {
    readonly clusters: readonly NamedObject[];
    readonly listeners: readonly NamedObject[];
  };
}

export interface Rendered {
  readonly bootstrap: RenderedBootstrap;
  readonly warnings: readonly string[];
}

export async function rendered(changes: BootstrapChanges = {}): Promise<Rendered> {
  const warnings: string[] = [];
  const document = await renderBootstrap(sidecarBootstrap(changes), (warning) => warnings.push(warning));
  return { bootstrap: document as unknown as RenderedBootstrap, warnings };
}

export function named(objects: readonly NamedObject[], name: string): NamedObject {
  const found = objects.find((object) => object.name === name);
  if (found === undefined) throw new Error(`no ${name} among ${objects.map((object) => object.name).join()}`);
  return found;
}
