import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CelExpressionConfig } from '../../../src/api/generated/envoy/config/core/v3.ts';
import { jsonText } from '../../../src/http/format/json-text.ts';
import { wireText, unicodeText } from '../../../src/core/wire-text.ts';
import { EVERYTHING, runCel } from './run-cel.ts';

/** What Envoy 1.40 logged for `%CEL(expression)%` and `%TYPED_CEL(expression)%`; an expression alone is one that it refuses. */
type Row = readonly [expression: string] | readonly [expression: string, text: string | null, json: string];

const { plain, strings } = JSON.parse(readFileSync(new URL('envoy-answers.json', import.meta.url), 'utf8')) as Record<'plain' | 'strings', Row[]>;

/** A log of JSON shows bytes that are no text in its own way. */
function shown(text: string): string {
  return JSON.parse(`"${unicodeText(jsonText(wireText(text)))}"`) as string;
}

function answers(rows: readonly Row[], config?: CelExpressionConfig): [unknown[], unknown[]] {
  const ours = rows.map(([expression]) => {
    const answer = runCel(expression, undefined, config);
    return typeof answer === 'string' ? [expression] : [expression, answer.text === undefined ? null : shown(answer.text), answer.json];
  });
  return [ours, rows as unknown[]];
}

describe('an expression gives what Envoy gave', () => {
  it('with the functions that are always there', () => {
    const [ours, theirs] = answers(plain);
    expect(theirs.length).toBeGreaterThan(500);
    expect(ours).toEqual(theirs);
  });

  it('with conversions, concatenation and functions of strings', () => {
    const [ours, theirs] = answers(strings, EVERYTHING);
    expect(theirs.length).toBeGreaterThan(200);
    expect(ours).toEqual(theirs);
  });
});
