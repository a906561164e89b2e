// What the two stream state machines tell their owner about a request.

/**
 * What a request turned out to be.
 *
 * - `subscribe`: the first of its type on this stream, or names asked without an answer to a response
 * - `ack`, `nack`: the answer to the last response; either may also change the names asked (only `ack` in SotW)
 * - `stale`: the answer to a response that a newer one has replaced; nothing to do
 * - `unsubscribe`: the client wants nothing of this type any more
 */
export type Meaning = 'subscribe' | 'ack' | 'nack' | 'stale' | 'unsubscribe';

/** Resources to send: by name, or everything the client may have of this type. */
export type Wanted = 'all' | readonly string[];
