import { describe, expect, it } from 'vitest';
import { HeadFlaw, HeadReader } from '../../../../src/http/codec/h2/head-reader.ts';
import { kindOfName, TableEntry } from '../../../../src/http/codec/h2/hpack-table.ts';
import { RepeatedFields } from '../../../../src/http/codec/h2/repeated-fields.ts';
import { findHeaderName } from '../../../../src/http/header-name.ts';

const entryOf = (name: string, value: string): TableEntry => new TableEntry(name, value, kindOfName(name), findHeaderName(name));

function linesOf(first: TableEntry, names: readonly string[]): string[] {
  const head = new HeadReader();
  head.begin(10_000, 100);
  head.add(first, false);
  for (const name of names) for (const value of ['1', '2']) head.add(entryOf(name, value), false);
  head.complete();
  const lines: string[] = [];
  head.finish().forEach((name, value) => lines.push(`${name}: ${value}`));
  return lines;
}

describe('a head that comes again', () => {
  it('has the same lines, repeated fields joined, whatever was done to the one before', () => {
    const [head, last] = [new HeadReader(), new RepeatedFields()];
    const entries = [entryOf(':method', 'GET'), entryOf('accept', '1'), entryOf('x-other', 'a'), entryOf('accept', '2'), entryOf('vary', 'b')];
    for (let time = 0; time < 3; time++) {
      head.begin(10_000, 100, last);
      for (const entry of entries) head.add(entry, true);
      head.complete();
      expect(last.length).toBe(4);
      const headers = head.finish();
      expect(headers.serialise()).toBe('accept: 1,2\r\nx-other: a\r\nvary: b\r\n');
      headers.removeText('vary');
      headers.addText('x-added', String(time));
    }
  });
});

describe('fields of which Envoy keeps one value', () => {
  it('count as one against the limit, in a head that comes again too, and crumbs of a cookie as many', () => {
    const last = new RepeatedFields();
    const flawOf = (names: readonly string[]): number => {
      const head = new HeadReader();
      head.begin(10_000, 3, last);
      for (const name of [':method', ...names]) head.add(entryOf(name, 'GET'), true);
      head.complete();
      return head.flaw;
    };
    const accept = ['accept', 'accept', 'accept', 'x-a'];
    for (let time = 0; time < 3; time++) expect(flawOf(accept)).toBe(HeadFlaw.none);
    expect(flawOf([...accept, 'x-b'])).toBe(HeadFlaw.tooManyFields);
    expect(flawOf(['cookie', 'cookie', 'cookie'])).toBe(HeadFlaw.tooManyFields);
  });

  it('are joined in requests', () => {
    expect(linesOf(entryOf(':method', 'GET'), ['accept', 'via', 'vary'])).toEqual(['accept: 1,2', 'via: 1,2', 'vary: 1', 'vary: 2']);
  });

  it('are joined in responses, where they are others', () => {
    expect(linesOf(entryOf(':status', '200'), ['accept', 'via', 'vary'])).toEqual(['accept: 1', 'accept: 2', 'via: 1,2', 'vary: 1,2']);
  });
});
