// What one configuration says in Envoy's bootstrap, held in memory: it can be written again when the files it came
// from have changed or gone, and its hash tells whether a restart would change anything.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

import { serializeBootstrap } from '../bootstrap/bootstrap.ts';
import { withGeneration } from '../bootstrap/generation-header.ts';
import { sortKeys } from '../runtime/json.ts';
import type { EffectiveBootstrap } from './effective-bootstrap.ts';

export type BootstrapContent =
  /** A user's file, and what was in it. */
  | { readonly kind: 'custom'; readonly path: string; readonly bytes: Uint8Array }
  | Extract<EffectiveBootstrap, { readonly kind: 'rendered' }>;

export async function contentOf(bootstrap: EffectiveBootstrap): Promise<BootstrapContent> {
  if (bootstrap.kind === 'rendered') return bootstrap;
  return { ...bootstrap, bytes: await readFile(bootstrap.path) };
}

/** What its file must end in: Envoy picks its parser by it. */
export function extensionOf(content: BootstrapContent): string {
  return content.kind === 'custom' ? extname(content.path).slice(1) : content.extension;
}

/** @param generation of the Envoy it is for; a user's file stays as it is */
export function bytesOf(content: BootstrapContent, generation: number): string | Uint8Array {
  if (content.kind === 'custom') return content.bytes;
  return serializeBootstrap(withGeneration(content.document, generation));
}

/** SHA-256, hex; the same for every Envoy of one configuration, and in whatever order its members are. */
export function hashOf(content: BootstrapContent, override: string | undefined): string {
  const canonical = content.kind === 'custom' ? content.bytes : JSON.stringify(sortKeys(content.document));
  return createHash('sha256')
    .update(canonical)
    .update('\0') // ends the file in front of what is merged over it
    .update(override ?? '')
    .digest('hex');
}
