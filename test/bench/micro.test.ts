import { describe, expect, it } from 'vitest';
import { allocatedBytes } from '../../bench/micro/runner/measure-case.ts';

const COUNT = 300_000;

function allocating(elements: number): (count: number) => unknown {
  return (count) => {
    const ring: unknown[] = Array.from({ length: 16 });
    for (let i = 0; i < count; i++) ring[i & 15] = Array.from({ length: elements }).fill(i);
    return ring;
  };
}

describe('bytes allocated', () => {
  it('grow with what an operation allocates, collections in between included', () => {
    const small = allocatedBytes(allocating(8), COUNT) / COUNT;
    const large = allocatedBytes(allocating(108), COUNT) / COUNT;
    expect(large - small).toBeGreaterThan(700);
    expect(large - small).toBeLessThan(2_000);
  });

  it('are next to none for arithmetic', () => {
    const sum = (count: number): number => {
      let total = 0;
      for (let i = 0; i < count; i++) total = (total + i) | 0;
      return total;
    };
    sum(COUNT);
    expect(allocatedBytes(sum, COUNT) / COUNT).toBeLessThan(2);
  });
});
