import { describe, expect, it } from 'vitest';
import { readCase } from './harness/case-files.ts';
import { Dice } from './hunt/dice.ts';
import { SCENES } from './hunt/scenes.ts';
import { shrink } from './hunt/shrink.ts';

const made = (seed: number, scene = 'http1'): { readonly base?: string; readonly raw: Record<string, unknown> } => {
  const { base, config, exchange } = SCENES[scene]!(new Dice(seed));
  return { base, raw: { config, ...exchange() } };
};

describe('a made-up case', () => {
  it('is the same for the same seed', () => {
    expect(made(7)).toEqual(made(7));
    expect(made(7)).not.toEqual(made(8));
  });

  it.each(Object.keys(SCENES))('is one that a case file can hold: %s', (scene) => {
    for (let seed = 0; seed < 100; seed++) {
      const { base, raw } = made(seed, scene);
      expect(() => readCase('hunt', 'made-up', String(seed), { base }, raw)).not.toThrow();
    }
  });
});

describe('a case that shrinks', () => {
  const text = JSON.stringify.bind(JSON) as (value: unknown) => string;

  it('loses all that is not interesting', async () => {
    const tree = { config: { a: 1, b: { c: [1, 2, 3, 4, 5] } }, client: [{ send: 'GET / HTTP/1.1\r\nx-a: 1\r\nx-b: 2\r\n\r\n' }, { pause: 5 }, 'close'] };
    const smallest = await shrink(tree, 1_000, async (smaller) => text(smaller).includes('x-b') && text(smaller).includes('5]'));
    expect(smallest).toEqual({ config: { b: { c: [5] } }, client: [{ send: 'x-b: 2\r\n' }] });
  });

  it('stays as it is when nothing smaller will do, and takes no more trials than it may', async () => {
    let trials = 0;
    const tree = { client: [1, 2, 3, 4] };
    expect(await shrink(tree, 4, async () => { trials++; return false; })).toEqual(tree);
    expect(trials).toBe(4);
  });
});
