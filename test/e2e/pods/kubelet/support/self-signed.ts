// A key with a certificate that nobody trusts.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { temporaryDirectory } from '../../../../support/temporary-directory.ts';

export async function selfSigned(): Promise<{ readonly key: string; readonly cert: string }> {
  await using directory = await temporaryDirectory();
  const [key, cert] = [join(directory.path, 'key'), join(directory.path, 'cert')];
  const files = ['-keyout', key, '-out', cert];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await promisify(execFile)('openssl', ['req', '-x509', ...kind, '-subj', '/CN=nobody', ...files]);
  return { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
}
