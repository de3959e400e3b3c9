import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowMemo } from '../../src/core/row-memo.ts';

type Values = readonly (string | undefined)[];

function plain(values: Values): string {
  return values.map((value, place) => (value === undefined ? '' : `<${place}:${value}>`)).join('');
}

function rowOf(memo: RowMemo, values: Values): string {
  const row = memo.join(values);
  if (row === undefined) memo.learn(values, plain);
  return row ?? plain(values);
}

describe('a row memo', () => {
  it('makes of any values what joining them makes', () => {
    const text = fc.constantFrom('', 'a', 'b', 'a value of more than twelve bytes', '\u00ff');
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text, text), { minLength: 1, maxLength: 30 }), (rows) => {
        const memo = new RowMemo();
        for (const [first, second, third] of rows) {
          const values = [first, undefined, second, third];
          expect(rowOf(memo, values)).toBe(plain(values));
        }
      }),
    );
  });

  it('knows a row that has come before, and one where a value differs that did so before', () => {
    const memo = new RowMemo();
    rowOf(memo, ['same', '1']);
    expect(memo.join(['same', '1'])).toBe('<0:same><1:1>');
    expect(memo.join(['same', '2'])).toBeUndefined();
    memo.learn(['same', '2'], plain);
    expect(memo.join(['same', '3'])).toBe('<0:same><1:3>');
    expect(memo.join(['other', '3'])).toBeUndefined();
  });

  it('looks again after many rows whether a value still changes', () => {
    const memo = new RowMemo();
    rowOf(memo, ['1']);
    rowOf(memo, ['2']);
    let rows = 0;
    while (memo.join([`${rows}`]) !== undefined) rows++;
    expect(rows).toBeGreaterThan(60_000);
    memo.learn(['x'], plain);
    expect(memo.join(['y'])).toBeUndefined();
  });

  it('forgets', () => {
    const memo = new RowMemo();
    rowOf(memo, ['1', 'a']);
    rowOf(memo, ['2', 'a']);
    memo.forget();
    expect(memo.join(['2', 'a'])).toBeUndefined();
    memo.learn(['1'], (values) => `[${values[0]}]`);
    expect(memo.join(['1'])).toBe('[1]');
    expect(memo.join(['2'])).toBeUndefined();
  });
});
