import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatErrors, forwardedEntry, headers, text } from './format-fixture.ts';

const valueOf = (key: string, header: string): string =>
  text(`%XFCC_VALUE(${key})%`, { ...forwardedEntry(), requestHeaders: headers({ 'x-forwarded-client-cert': header }) });

describe('%XFCC_VALUE%', () => {
  it.each([
    ['uri', 'By=a;URI=b', 'b'],
    ['URI', 'uri=b', 'b'],
    ['uri', 'By=a,Hash=h;URI=second', 'second'],
    ['subject', 'Subject="a;b,c=\\"d\\""', 'a;b,c="d"'],
    ['uri', ' URI = b ; By=c', 'b'],
    ['hash', 'URI=b;Hash', ''],
    ['dns', 'DNS=a;DNS=b', 'a'],
    ['uri', 'URI=a=b', 'a=b'],
    ['by', 'URI=b', '-'],
    ['uri', 'URI=b;Subject="open', '-'],
  ])('finds %s in %s', (key, header, value) => {
    expect(valueOf(key, header)).toBe(value);
  });

  it('needs one of the keys that the header has', () => {
    expect(formatErrors('%XFCC_VALUE%')).toEqual(['format: XFCC_VALUE command requires a subcommand']);
    expect(formatErrors('%XFCC_VALUE(x)%')).toEqual(['format: XFCC_VALUE command does not support subcommand: x']);
  });

  it('gives back any value that was quoted', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ -~]{0,30}[!-[\]-~]$/), (value) => {
        fc.pre(!value.includes('\\'));
        expect(valueOf('subject', `Hash=x;Subject="${value.replaceAll('"', '\\"')}";URI=y`)).toBe(value);
      }),
    );
  });
});
