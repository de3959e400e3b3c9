import { describe, expect, test } from 'vitest';
import { parseStatsParams } from '../../../src/core/stats/stats-params.ts';

function parse(query: string, onlyFormat?: 'prometheus'): ReturnType<typeof parseStatsParams> {
  const params = new URLSearchParams(query);
  const compile = (regex: string): ((name: string) => boolean) | string =>
    regex === '[' ? 'Invalid re2 regex: missing ]: [' : (name) => name.includes(regex);
  return parseStatsParams((name) => params.get(name) ?? undefined, compile, { onlyFormat });
}

describe('the query of /stats', () => {
  test('asks for everything as text when empty', () => {
    expect(parse('')).toEqual({
      format: 'text',
      protobuf: false,
      selection: { type: 'All', usedOnly: false, filter: undefined, histograms: undefined, textReadouts: false },
    });
    expect(parse('format=&histogram_buckets=&filter=')).toEqual(parse(''));
  });

  test.each([
    ['type=counters', 'invalid &type= param'],
    ['format=bogus', 'usage: /stats?format=(html|active-html|json|prometheus|text)\n\n'],
    ['histogram_buckets=bogus', 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n'],
    ['histogram_buckets=constructor', 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n'],
    ['hidden=bogus', 'usage: /stats?hidden=(include|only|exclude)\n\n'],
    ['filter=[', 'Invalid re2 regex: missing ]: ['],
    ['filter=[&histogram_buckets=b&type=b', 'Invalid re2 regex: missing ]: ['],
    ['histogram_buckets=b&type=b', 'usage: /stats?histogram_buckets=(cumulative|disjoint|detailed|summary|prometheusnative)\n'],
    ['type=b&format=b&hidden=b', 'invalid &type= param'],
    ['format=b&hidden=b', 'usage: /stats?hidden=(include|only|exclude)\n\n'],
    ['format=prometheus&histogram_buckets=detailed', 'unsupported prometheus histogram bucket mode'],
    ['histogram_buckets=prometheusnative', 'Invalid histogram_buckets type for non prometheus stats type'],
  ])('%s is refused in the words of Envoy', (query, body) => {
    expect(parse(query)).toBe(body);
  });

  test('under /stats/prometheus has one format, and native histograms only in protobuf', () => {
    expect(parse('format=json', 'prometheus')).toMatchObject({ format: 'prometheus' });
    expect(parse('histogram_buckets=disjoint', 'prometheus')).toBe('unsupported prometheus histogram bucket mode');
    expect(parse('histogram_buckets=prometheusnative', 'prometheus')).toBe(
      'unsupported prometheusnative histogram type when not using protobuf exposition format',
    );
    expect(parse('text_readouts&usedonly&histogram_buckets=none', 'prometheus')).toMatchObject({
      selection: { textReadouts: true, usedOnly: true, histograms: 'quantiles' },
    });
  });

  test('filters, inverts the filter, and finds nothing hidden', () => {
    const wants = (query: string, name: string): boolean | undefined => {
      const parsed = parse(query);
      return typeof parsed === 'string' ? undefined : parsed.selection.filter?.(name);
    };
    expect([wants('filter=b', 'abc'), wants('filter=b', 'xyz')]).toEqual([true, false]);
    for (const query of ['invert_filter', 'invert_filter&filter=&format=nonsense']) expect(parse(query)).toBe('invert_filter can only be used if filter is also provided');
    expect([wants('filter=b&invert_filter', 'abc'), wants('filter=b&invert_filter', 'xyz')]).toEqual([false, true]);
    expect([wants('hidden=only', 'abc'), wants('hidden=include', 'abc')]).toEqual([false, undefined]);
  });
});
