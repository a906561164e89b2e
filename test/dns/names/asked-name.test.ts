import { equal, match } from 'node:assert/strict';

import { absolute, nameProblem } from '../../../src/dns/names/asked-name.ts';

describe('absolute', () => {
  const names = [
    ['Web.Shop', 'web.shop.'],
    ['web.shop.', 'web.shop.'],
    ['Bücher.example', 'xn--bcher-kva.example.'],
    ['*.BÜCHER.example.', '*.xn--bcher-kva.example.'],
    ['1.2', '1.2.'],
    ['', '.'],
    ['.', '.'],
  ] as const;
  for (const [written, asked] of names) {
    it(`has "${written}" asked for as ${asked}`, () => {
      equal(absolute(written), asked);
    });
  }

  it('leaves what cannot be written in the letters of DNS', () => {
    equal(absolute('a b.Ü'), 'a b.ü.');
  });
});

describe('nameProblem', () => {
  const label = 'a'.repeat(63);
  const longest = `${label}.${label}.${label}.${'a'.repeat(61)}.`;

  for (const name of ['.', 'a.', '_sip._tcp.web.shop.', '*.wild.example.', longest]) {
    it(`finds none in ${name.slice(0, 20)}`, () => {
      equal(nameProblem(name), undefined);
    });
  }

  const problems: [string, RegExp][] = [
    [`a${longest}`, /no more than 254 characters/],
    ['a.'.repeat(100_000), /no more than 254 characters/],
    [`a${label}.example.`, /no more than 63 characters/],
    ['a..example.', /nothing between two of its dots/],
    ['..', /nothing between two of its dots/],
    ['a b.ü.', /characters that no host name has/],
  ];
  for (const [name, problem] of problems) {
    it(`tells what is wrong with ${name.slice(0, 20)} (${name.length})`, () => {
      match(nameProblem(name) ?? '', problem);
    });
  }
});
