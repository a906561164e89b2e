import { deepEqual, equal, match } from 'node:assert/strict';

import {
  privateKeyProviderOf,
  privateKeyProviderWarning,
} from '../../../src/config/proxy-config/private-key-provider.ts';

describe('privateKeyProviderOf', () => {
  it('keeps seconds and nanoseconds of the poll delay', () => {
    const provider = privateKeyProviderOf({ cryptomb: { pollDelay: '1.010s', fallback: true } });

    deepEqual(provider, {
      name: 'cryptomb',
      pollDelay: { seconds: 1, nanos: 10_000_000 },
      fallback: true,
    });
  });

  it('falls back only when that is asked for', () => {
    equal(privateKeyProviderOf({ qat: { pollDelay: '2s' } })?.fallback, false);
    equal(privateKeyProviderOf({ qat: { pollDelay: '2s', fallback: false } })?.fallback, false);
  });

  it('is none when none is named', () => {
    equal(privateKeyProviderOf(undefined), undefined);
    equal(privateKeyProviderOf({}), undefined);
    equal(privateKeyProviderWarning({}), undefined);
  });

  for (const pollDelay of ['0.000999999s', '-1s']) {
    it(`raises ${pollDelay} to the millisecond Envoy wants, and says so`, () => {
      const config = { qat: { pollDelay } };

      deepEqual(privateKeyProviderOf(config)?.pollDelay, { seconds: 0, nanos: 1_000_000 });
      match(privateKeyProviderWarning(config) ?? '', /^privateKeyProvider\.qat\.pollDelay .* it is 1ms$/);
    });
  }

  it('takes exactly a millisecond as it is', () => {
    const config = { qat: { pollDelay: '0.001s' } };

    deepEqual(privateKeyProviderOf(config)?.pollDelay, { seconds: 0, nanos: 1_000_000 });
    equal(privateKeyProviderWarning(config), undefined);
  });
});
