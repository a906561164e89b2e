// The source that is a directory of YAML files: read as a whole into a snapshot, or refused as a whole.
// Watching it is directory-source.ts.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { isScalar, LineCounter, parseAllDocuments } from 'yaml';

import { ConfigError, messageOf } from '../../runtime/errors.ts';
import type { Scope, Snapshot } from '../model.ts';
import { readDocument, resourceLabel, type ReadDocument, type ResourceEncoder } from './document.ts';
import { ConfigFilesError, problemText, type DocumentPlace } from './problem.ts';

const CONFIG_FILE = /^[^.].*\.(?:ya?ml|json)$/;

/**
 * Reads every `.yaml`, `.yml` and `.json` file of the directory, in the order of their names. Files whose name
 * begins with a dot and sub-directories are left out.
 *
 * @throws ConfigFilesError naming every mistake of every file
 * @throws ConfigError when the directory cannot be read
 */
export async function readConfigDirectory(directory: string, encoder: ResourceEncoder): Promise<Snapshot> {
  const places: DocumentPlace[] = [];
  const problems: string[] = [];
  for (const file of await configFiles(directory)) {
    const text = await readFile(join(directory, file), 'utf8').catch((error: unknown) => {
      throw new ConfigError(`cannot read ${join(directory, file)}: ${messageOf(error)}`, { cause: error });
    });
    const documents = splitDocuments(file, text);
    problems.push(...documents.flatMap(syntaxProblems));
    places.push(...documents.filter(({ document }) => document.errors.length === 0));
  }
  const read = places.map((place) => readDocument(place, encoder));
  problems.push(...read.flatMap((document) => document.problems), ...duplicates(read));
  if (problems.length > 0) throw new ConfigFilesError(problems);
  const scopes = read.map(({ scope }) => scope);
  return { scopes: [...scopes.filter(forAll), ...scopes.filter((scope) => !forAll(scope))] };
}

async function configFiles(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => CONFIG_FILE.test(name)).sort();
  } catch (error) {
    throw new ConfigError(`cannot read the configuration directory ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function splitDocuments(file: string, text: string): DocumentPlace[] {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { merge: true, prettyErrors: false, lineCounter: lines });
  const all = 'empty' in documents ? [] : documents;
  const full = all.filter(({ contents, errors }) => !isEmpty(contents) || errors.length > 0);
  return full.map((document, index) => ({ file, number: index + 1, count: full.length, document, lines }));
}

function isEmpty(contents: unknown): boolean {
  return contents === null || (isScalar(contents) && contents.value === null);
}

function syntaxProblems({ file, document, lines }: DocumentPlace): string[] {
  return document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: ${message}`);
}

function forAll(scope: Scope): boolean {
  return scope.nodes === undefined;
}

/** A resource written twice for the very same nodes: no order could tell which one is meant. */
function duplicates(read: readonly ReadDocument[]): string[] {
  const first = new Map<string, DocumentPlace>();
  const problems: string[] = [];
  for (const { place, scope } of read) {
    for (const [index, { typeUrl, name }] of scope.resources.entries()) {
      const key = JSON.stringify([scope.nodes, typeUrl, name]);
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, place);
      else {
        const what = `given before, in ${earlier.file}, document ${earlier.number}, for the same nodes`;
        problems.push(problemText(place, ['resources', index], what, resourceLabel(typeUrl, name)));
      }
    }
  }
  return problems;
}
