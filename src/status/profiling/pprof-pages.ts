// `/debug/pprof/`: where Go programs serve their profiles, and what a Node program has in their place. The files open in
// the developer tools of a browser. Upstream: Go's net/http/pprof.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { isSecretName, maskText } from '../../config/secrets.ts';
import { MASK } from '../../runtime/redaction.ts';
import { sendFile, sendText } from '../replies.ts';
import { queryOf, targetOf } from '../request-target.ts';
import { ProfilerBusyError, type ProfileKind, type Profiler } from './profiler.ts';

export const PPROF_PREFIX = '/debug/pprof/';

export interface ProfilingParts {
  readonly profiler: Pick<Profiler, 'take'>;
  /** The words this process was started with, the program first. */
  readonly commandLine: readonly string[];
}

const DEFAULT_SECONDS = 30;
const MAX_SECONDS = 300;

const INDEX = `Profiles of this process:

cmdline               the command line, joined by NUL
profile?seconds=30    where time goes: a .cpuprofile of the next seconds
heap?seconds=30       where memory is asked for: a .heapprofile of the next seconds

seconds: 1 to ${MAX_SECONDS}; one profile at a time. Leaving ends it. Open the files in a browser's developer tools.
`;

/** Everything below the prefix. */
export async function pprof(
  parts: ProfilingParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  switch (targetOf(request)?.path.slice(PPROF_PREFIX.length) ?? '') {
    case '':
      return sendText(response, 200, INDEX);
    case 'cmdline':
      return sendText(response, 200, maskedWords(parts.commandLine).join('\0'));
    case 'profile':
      return profile(parts, 'cpu', request, response);
    case 'heap':
      return profile(parts, 'heap', request, response);
    default:
      return sendText(response, 404, '404 page not found\n');
  }
}

async function profile(
  { profiler }: ProfilingParts,
  kind: ProfileKind,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const seconds = Number(queryOf(request).get('seconds') ?? DEFAULT_SECONDS);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_SECONDS) {
    return sendText(response, 400, `seconds must be a whole number from 1 to ${MAX_SECONDS}\n`);
  }
  const left = new AbortController();
  response.once('close', () => left.abort());
  try {
    const text = await profiler.take(kind, seconds, left.signal);
    sendFile(response, `agent.${kind}profile`, text);
  } catch (error) {
    if (left.signal.aborted) return; // nobody is there to be told
    if (!(error instanceof ProfilerBusyError)) throw error;
    sendText(response, 409, `${error.message}\n`);
  }
}

/** Command lines can be read by the whole pod here: `--name=value` and `--name value` of a secret's name are masked. */
function maskedWords(words: readonly string[]): readonly string[] {
  return words.map((word, index) => {
    const before = words[index - 1] ?? '';
    return before.startsWith('-') && isSecretName(before) ? MASK : maskText(word);
  });
}
