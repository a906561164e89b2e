// What one request may ask for: secrets, and not too many. Everybody in the pod can open the socket; nobody is to
// fill the agent's memory, logs and metrics with names.

import { status as Status } from '@grpc/grpc-js';

import type { DiscoveryRequest } from '../proto/messages.ts';
import { excerpt } from '../runtime/excerpt.ts';
import { SECRET_TYPE } from '../xds/type-urls.ts';
import { StreamFailure } from './stream-end.ts';

const MAX_NAMES = 1000;
/** A name holds at most two paths, of 4096 bytes each. */
const MAX_NAME_LENGTH = 8300;

/**
 * @throws StreamFailure INVALID_ARGUMENT for another type than secrets, which an empty one stands for; for more than
 *   1000 names, or one longer than any that names files
 */
export function checkRequest({
  typeUrl,
  resourceNames: names,
}: Pick<DiscoveryRequest, 'typeUrl' | 'resourceNames'>): void {
  if (typeUrl !== '' && typeUrl !== SECRET_TYPE) throw refusal(`unsupported type url ${excerpt(typeUrl)}`);
  if (names.length > MAX_NAMES) {
    throw refusal(`${names.length} resource names in one request, ${MAX_NAMES} are allowed`);
  }
  const long = names.find(({ length }) => length > MAX_NAME_LENGTH);
  if (long === undefined) return;
  throw refusal(`a resource name of ${long.length} characters, ${MAX_NAME_LENGTH} are allowed`);
}

function refusal(problem: string): StreamFailure {
  return new StreamFailure(Status.INVALID_ARGUMENT, problem);
}
