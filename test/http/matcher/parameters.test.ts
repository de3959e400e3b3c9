import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cookieValue } from '../../../src/http/matcher/cookies.ts';
import { queryParameter } from '../../../src/http/matcher/query-parameters.ts';

const noise = fc.string({ unit: fc.constantFrom('a', 'b', '=', '&', ';', '?', ' ', '"', '/', '%'), maxLength: 20 });

test('a query parameter is what splitting the query finds', () => {
  fc.assert(
    fc.property(noise, fc.constantFrom('a', 'b', 'ab', ''), (path, name) => {
      const query = path.includes('?') ? path.slice(path.indexOf('?') + 1) : undefined;
      const pairs = query === undefined || query === '' ? [] : query.replace(/&$/, '').split('&').map((pair) => [pair.split('=', 1)[0], pair.includes('=') ? pair.slice(pair.indexOf('=') + 1) : '']);
      expect(queryParameter(path, name)).toBe(pairs.find(([key]) => key === name)?.[1]);
    }),
  );
});

test('a cookie is what splitting the line finds', () => {
  fc.assert(
    fc.property(noise, fc.constantFrom('a', 'b', 'ab'), (line, name) => {
      const pair = line
        .split(';')
        .map((part) => part.replace(/^[ \t]+/, ''))
        .find((part) => part.startsWith(`${name}=`) && part.length > name.length);
      const value = pair?.slice(name.length + 1);
      expect(cookieValue(line, name)).toBe(value?.replace(/^"(.*)"$/, '$1'));
    }),
  );
});
