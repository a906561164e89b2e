// What a client of the CA has around it: a directory with a root and a token, and a clock the test moves.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { loadMessages } from '../../../src/proto/messages.ts';
import type { Log } from '../../../src/runtime/log.ts';
import { CaClient, type CaClientSettings } from '../../../src/security/ca/ca-client.ts';
import { UpstreamDialer, type TlsSettings } from '../../../src/security/upstream/dialer.ts';
import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentMeter } from '../../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import type { Authority } from '../authority.ts';

export class CaWorld {
  readonly clock = new FakeClock(Date.now());
  readonly #directory: TemporaryDirectory;

  /** The authority is the trusted root. */
  static async lay({ rootPem }: Authority): Promise<CaWorld> {
    const world = new CaWorld(await temporaryDirectory());
    await writeFile(join(world.path, 'root.pem'), rootPem);
    await writeFile(join(world.path, 'token'), 'first-token\n');
    return world;
  }

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
  }

  /** Holds `root.pem` and `token`. */
  get path(): string {
    return this.#directory.path;
  }

  remove(): Promise<void> {
    return this.#directory.remove();
  }

  makeClient(
    port: number,
    tls: Partial<TlsSettings> | 'plaintext' = {},
    settings?: Partial<CaClientSettings>,
    random = 0.5,
  ) {
    const { clock } = this;
    const { log, messages } = recordingLog();
    const meter = skippingMeter(clock);
    const client = new CaClient(
      { certSigner: 'signer', ...settings },
      {
        dialer: this.#dialer(port, tls, log),
        messages: async () => loadMessages(),
        clock,
        random: () => random,
        log,
        meter,
      },
    );
    return { client, meter, logged: messages };
  }

  #dialer(port: number, tls: Partial<TlsSettings> | 'plaintext', log: Log): UpstreamDialer {
    const root = { kind: 'file', path: join(this.path, 'root.pem'), name: 'the/root.pem' } as const;
    const usual = { root, serverName: 'ca.example', clientCertificate: undefined, compliancePolicy: '' };
    return new UpstreamDialer(
      {
        address: `127.0.0.1:${port}`,
        tls: tls === 'plaintext' ? undefined : { ...usual, ...tls },
        clusterId: 'here',
        headers: { 'X-Extra': 'more' },
        keepaliveMs: 30_000,
        keepaliveTimeoutMs: 10_000,
      },
      {
        token: new FileToken({ path: join(this.path, 'token'), clock: this.clock, log }),
        clock: this.clock,
        log,
      },
    );
  }
}

/** Counts repeated attempts. */
function skippingMeter(clock: FakeClock) {
  const meter = {
    ...silentMeter(),
    retries: 0,
    /** Ends the wait before the next attempt, as soon as it has begun. */
    skipsWaits: true,
    retried(): void {
      meter.retries++;
      if (meter.skipsWaits) setImmediate(() => void clock.tick(1000));
    },
  };
  return meter;
}
