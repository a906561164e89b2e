// What is wrong with node metadata, apart from other mistakes: upstream tells it in words of its own.

import { ConfigError } from '../runtime/errors.ts';

/** A value that node metadata cannot have: of a type its field does not accept, or nested too deep. */
export class MetadataError extends ConfigError {}
