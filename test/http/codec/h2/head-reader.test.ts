import { describe, expect, it } from 'vitest';
import { HeadReader } from '../../../../src/http/codec/h2/head-reader.ts';
import { FieldKind } from '../../../../src/http/codec/h2/hpack-table.ts';
import { findHeaderName } from '../../../../src/http/header-name.ts';

function linesOf(first: readonly [kind: number, name: string, value: string], names: readonly string[]): string[] {
  const head = new HeadReader();
  head.begin(10_000, 100);
  head.add(first[0], 0, first[1], first[2], undefined);
  for (const name of names) for (const value of ['1', '2']) head.add(FieldKind.regular, findHeaderName(name), name, value, undefined);
  head.complete();
  const lines: string[] = [];
  head.finish().forEach((name, value) => lines.push(`${name}: ${value}`));
  return lines;
}

describe('fields of which Envoy keeps one value', () => {
  it('are joined in requests', () => {
    expect(linesOf([FieldKind.method, ':method', 'GET'], ['accept', 'via', 'vary'])).toEqual(['accept: 1,2', 'via: 1,2', 'vary: 1', 'vary: 2']);
  });

  it('are joined in responses, where they are others', () => {
    expect(linesOf([FieldKind.status, ':status', '200'], ['accept', 'via', 'vary'])).toEqual(['accept: 1', 'accept: 2', 'via: 1,2', 'vary: 1,2']);
  });
});
