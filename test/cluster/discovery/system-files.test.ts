import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_HOSTS_FILE_NAMES, parseHosts } from '../../../src/cluster/discovery/hosts-file.ts';
import { candidates, parseSearchPath } from '../../../src/cluster/discovery/search-path.ts';

describe('the hosts file', () => {
  it('gives every address of a name, without comments and lines that have none', () => {
    const hosts = parseHosts('# head\n127.0.0.1\tlocalhost  Alias # tail\n\n::1 localhost\nnonsense x\n10.0.0.1\n');
    expect([...hosts]).toEqual([
      ['localhost', ['127.0.0.1', '::1']],
      ['alias', ['127.0.0.1']],
    ]);
  });

  it('is read up to its limit of names', () => {
    const text = Array.from({ length: MAX_HOSTS_FILE_NAMES + 5 }, (_, index) => `10.0.0.1 host-${index}`).join('\n');
    expect(parseHosts(text).size).toBe(MAX_HOSTS_FILE_NAMES);
  });

  it('never fails, whatever stands in it', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void parseHosts(text)));
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => void parseSearchPath(text)));
  });
});

describe('the search path', () => {
  it('is the last search or domain line with ndots', () => {
    expect(parseSearchPath('nameserver 10.0.0.1\nsearch a b\noptions ndots:5 timeout:1\n')).toEqual({ domains: ['a', 'b'], ndots: 5 });
    expect(parseSearchPath('search a b\ndomain c\n')).toEqual({ domains: ['c'], ndots: 1 });
    expect(parseSearchPath('')).toEqual({ domains: [], ndots: 1 });
  });

  it('tries a name with enough dots first as it is, others last', () => {
    const path = { domains: ['svc.local', 'local.'], ndots: 2 };
    expect(candidates('a.b.c', path)).toEqual(['a.b.c', 'a.b.c.svc.local', 'a.b.c.local']);
    expect(candidates('a.b', path)).toEqual(['a.b.svc.local', 'a.b.local', 'a.b']);
    expect(candidates('a.b.', path)).toEqual(['a.b']);
  });
});
