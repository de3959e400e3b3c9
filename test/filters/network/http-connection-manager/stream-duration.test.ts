import { describe, expect, it } from 'vitest';
import { streamDurationMs } from '../../../../src/filters/network/http-connection-manager/stream-duration.ts';
import { grpcTimeoutMs, grpcTimeoutText } from '../../../../src/http/grpc-timeout.ts';
import type { TimerList } from '../../../../src/core/timers.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import type { StreamDuration } from '../../../../src/http/route/route.ts';

const NONE: StreamDuration = { maxMs: undefined, grpcHeaderMaxMs: undefined, grpcHeaderOffsetMs: 0 };

describe('grpc-timeout', () => {
  it.each([
    ['100m', 100],
    ['2S', 2000],
    ['1M', 60_000],
    ['1H', 3_600_000],
    ['100001u', 101],
    ['1n', 1],
    ['+0000000050m', 50],
    [' 5 S ', undefined],
    [' 5 S', 5000],
    ['10x', undefined],
    ['123456789m', undefined],
    ['m', undefined],
  ])('%s is %j ms', (text, ms) => {
    expect(grpcTimeoutMs(text)).toBe(ms);
  });

  it('is told in the finest unit that has room in eight digits', () => {
    expect(grpcTimeoutText(99_999_999)).toBe('99999999m');
    expect(grpcTimeoutText(100_000_500)).toBe('100000S');
    expect(grpcTimeoutText(1e13)).toBe('2777777H');
  });
});

describe('the duration of a stream', () => {
  it('is the smaller of what the caller asks and what the route allows', () => {
    expect(duration({ ...NONE, grpcHeaderMaxMs: 1000 }, '2S')).toEqual([1000, '1000m']);
    expect(duration({ ...NONE, grpcHeaderMaxMs: 1000 }, '20m')).toEqual([20, '20m']);
    expect(duration({ ...NONE, grpcHeaderMaxMs: 0 }, '2S')).toEqual([2000, '2000m']);
  });

  it('leaves the offset to answer, and no time where it leaves none', () => {
    expect(duration({ ...NONE, grpcHeaderMaxMs: 0, grpcHeaderOffsetMs: 500 }, '2S')).toEqual([1500, '1500m']);
    expect(duration({ ...NONE, grpcHeaderMaxMs: 0, grpcHeaderOffsetMs: 500 }, '400m')).toEqual([0, '0m']);
  });

  it('is the route\'s where the header is missing, malformed or not asked for', () => {
    expect(duration({ ...NONE, maxMs: 300, grpcHeaderMaxMs: 0 }, undefined)).toEqual([300, '300m']);
    expect(duration({ ...NONE, maxMs: 300, grpcHeaderMaxMs: 0 }, '1x')).toEqual([300, '300m']);
    expect(duration({ ...NONE, maxMs: 300 }, '1S')).toEqual([300, '300m']);
  });

  it('is the manager\'s where the route says nothing, and without limit where nobody does or the route says 0', () => {
    expect(duration(NONE, '1S', 70)[0]).toBe(70);
    expect(duration(NONE, '1S')).toEqual([Infinity, '1S']);
    expect(duration({ ...NONE, maxMs: 0 }, '1S', 70)).toEqual([Infinity, '1S']);
  });
});

function duration(rules: StreamDuration, grpcTimeout: string | undefined, ofManagerMs?: number): [number, string | undefined] {
  const headers = new HeaderMap();
  headers.path = '/a';
  headers.addText('content-type', 'application/grpc');
  if (grpcTimeout !== undefined) headers.addText('grpc-timeout', grpcTimeout);
  const list = ofManagerMs === undefined ? undefined : ({ durationMs: ofManagerMs } as TimerList);
  return [streamDurationMs(headers, rules, list), headers.getText('grpc-timeout')];
}
