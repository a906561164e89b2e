// Name tables reach a server as they do in the agent: in responses of a control plane, on the stream of an Envoy, through
// the proxy between them and the handler behind it.

import assert from 'node:assert/strict';

import { nameTableHandler, type NameTableUser } from '../../../src/agent/name-table.ts';
import { NAME_TABLE_TYPE } from '../../../src/xds/type-urls.ts';
import { packedBytes, type NameTable } from '../../dns/support/packed.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { decodeRequest, responseBytes } from '../../xds-proxy/messages.ts';
import { openStream, type OpenStream } from '../../xds-proxy/open-stream.ts';

export class TableFeed implements AsyncDisposable {
  readonly #stream: OpenStream;
  #sent = 0;

  private constructor(stream: OpenStream) {
    this.#stream = stream;
  }

  static async open(user: NameTableUser): Promise<TableFeed> {
    const onNameTable = nameTableHandler(user, recordingLog().log);
    return new TableFeed(await openStream({ kind: 'sotw' }, { onNameTable }));
  }

  /** Resolves when the table is acknowledged. @throws AssertionError when it is refused */
  async load(table: NameTable): Promise<void> {
    const { served } = this.#stream;
    const nonce = `table-${++this.#sent}`;
    await served.send(responseBytes('sotw', NAME_TABLE_TYPE, { nonce, values: [packedBytes(table)] }));
    const answer = decodeRequest('sotw', await served.requests.next());
    assert.deepEqual([answer.typeUrl, answer.responseNonce], [NAME_TABLE_TYPE, nonce]);
    assert.equal(answer.errorDetail, null, 'the table is refused');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stream[Symbol.asyncDispose]();
  }
}
