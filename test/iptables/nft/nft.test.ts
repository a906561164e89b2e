import assert from 'node:assert/strict';

import { Nft } from '../../../iptables/nft/nft.ts';
import { answering, FakeNft, missing } from './fake-nft.ts';

function setUp(cniMode = false) {
  const fake = new FakeNft();
  return { fake, nft: new Nft(fake.run, { cniMode }) };
}

describe('Nft', () => {
  it('proves itself by its version and a trial that changes nothing', async () => {
    const { fake, nft } = setUp();

    await nft.prove();

    assert.deepEqual(fake.calls, ['nft --version', 'nft --check -f -']);
    assert.deepEqual(fake.loaded, []);
  });

  it('says where the program is missing, and what to install', async () => {
    const { fake, nft } = setUp();
    fake.intercept = () => {
      throw missing('nft');
    };

    await assert.rejects(nft.prove(), {
      id: 'IPT-NO-TOOL',
      message:
        'nativeNftables is enabled, but the nft binary is missing in the sidecar container image: ' +
        'no nft found, of the package nftables',
    });
  });

  it('takes exit code 127 of a program in between for a missing nft', async () => {
    const { fake, nft } = setUp(true);
    fake.intercept = answering('--version', { code: 127, stderr: 'sh: 1: exec: nft: not found\n' });

    await assert.rejects(nft.prove(), {
      message:
        'nativeNftables is enabled, but the nft binary is missing on the host filesystem: sh: 1: exec: nft: not found',
    });
  });

  for (const version of ['nftables v0.9.8 (E.D.S.)', 'nftables v1.0.0 (Fearless Fosdick #2)']) {
    it(`refuses ${version}`, async () => {
      const { fake, nft } = setUp();
      fake.intercept = answering('--version', { code: 0, stdout: `${version}\n` });

      await assert.rejects(nft.prove(), {
        id: 'IPT-OLD-NFT',
        message: `nft version must be v1.0.1 or later (got ${version})`,
      });
    });
  }

  it('takes 1.0.1 and 1.0.10', async () => {
    const { fake, nft } = setUp();
    for (const version of ['1.0.1', '1.0.10']) {
      fake.intercept = answering('--version', { code: 0, stdout: `nftables v${version} (Name)\n` });

      await assert.doesNotReject(nft.prove());
    }
  });

  it('names the capabilities when the trial is denied', async () => {
    const { fake, nft } = setUp();
    fake.intercept = answering('--check', {
      stderr: 'Error: Operation not permitted\nadd table\n^^^^^^^^^\n',
    });

    await assert.rejects(nft.prove(), {
      id: 'IPT-NO-NET-ADMIN',
      message: 'could not run nftables command: Error: Operation not permitted; add table',
    });
  });

  it('names the modules when the kernel cannot do what a rule asks', async () => {
    const { fake, nft } = setUp();
    fake.intercept = answering('nft -f -', {
      stderr: 'Error: Could not process rule: Operation not supported\n',
    });

    await assert.rejects(nft.load('x\n'), {
      id: 'IPT-NO-NFT-MODULE',
      message: 'nftables run failed: Error: Could not process rule: Operation not supported',
    });
  });

  it('knows a group that this image does not know', async () => {
    const { fake, nft } = setUp();
    fake.intercept = answering('nft -f -', { stderr: 'Error: Group does not exist\n' });

    await assert.rejects(nft.load('x\n'), { id: 'IPT-UNKNOWN-OWNER' });
  });

  it('lets other failures speak for themselves', async () => {
    const { fake, nft } = setUp();
    fake.intercept = answering('nft -f -', { stderr: 'Error: syntax error\n' });

    await assert.rejects(nft.load('x\n'), { message: 'nftables run failed: Error: syntax error' });
  });
});
