// The client certificate of upstream connections (`PROV_CERT`, or mounted files), read at every dial so that a
// pair rewritten on disk is used by the next connection. The token stands in when it is not usable.

import { parseCertificates } from '../../pki/certificates.ts';
import type { CauseLog } from '../../runtime/cause-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import { readSmallFile } from '../../runtime/files.ts';

export interface CertificateFiles {
  /** Absolute paths of PEM files. */
  readonly chainPath: string;
  readonly keyPath: string;
}

export interface ClientCertificate {
  /** PEM. */
  readonly chain: Buffer;
  readonly key: Buffer;
}

/**
 * @returns undefined, with a warning, when the chain cannot be read or its leaf is expired
 * @throws AgentError, or the system's error, when the chain is good and its key cannot be read: the handshake could not succeed
 */
export async function readClientCertificate(
  { chainPath, keyPath }: CertificateFiles,
  clock: Clock,
  faults: CauseLog,
): Promise<ClientCertificate | undefined> {
  const chain = await readChain(chainPath, faults);
  if (chain === undefined) return undefined;
  if (chain.notAfterMs < clock.now()) {
    faults.warn('cert expired, using token instead');
    return undefined;
  }
  faults.clear();
  return { chain: chain.pem, key: await readSmallFile(keyPath) };
}

interface ReadChain {
  readonly pem: Buffer;
  readonly notAfterMs: number;
}

async function readChain(path: string, faults: CauseLog): Promise<ReadChain | undefined> {
  try {
    const pem = await readSmallFile(path);
    const notAfterMs = parseCertificates(pem.toString())[0]?.validToDate.getTime() ?? 0;
    return { pem, notAfterMs };
  } catch (error) {
    faults.warn(`cannot parse the cert chain, using token instead: ${messageOf(error)}`);
    return undefined;
  }
}
