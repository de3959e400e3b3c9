import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type Linked, LinkedList } from '../../src/core/linked-list.ts';

class Item implements Linked<Item> {
  list: LinkedList<Item> | undefined = undefined;
  listPrevious: Item | undefined = undefined;
  listNext: Item | undefined = undefined;
  readonly name: string;
  readonly weight: number[] | undefined;

  constructor(name: string, weight?: number[]) {
    this.name = name;
    this.weight = weight;
  }
}

const names = (list: LinkedList<Item>): string => list.values().map(({ name }) => name).join('');

test('members stand in the order in which they came, at either end', () => {
  const list = new LinkedList<Item>();
  list.addLast(new Item('b'));
  list.addLast(new Item('c'));
  list.addFirst(new Item('a'));
  expect(names(list)).toBe('abc');
  expect(list.size).toBe(3);
});

test('a member leaves from the front, the middle and the end, once', () => {
  const list = new LinkedList<Item>();
  const [a, b, c, d] = [...'abcd'].map((name) => new Item(name)) as [Item, Item, Item, Item];
  for (const item of [a, b, c, d]) list.addLast(item);
  expect([list.remove(b), list.remove(b), names(list)]).toEqual([true, false, 'acd']);
  expect([list.remove(a), names(list)]).toEqual([true, 'cd']);
  expect([list.remove(d), names(list), list.first, list.last]).toEqual([true, 'c', c, c]);
  expect([list.remove(c), list.size, list.first, list.last]).toEqual([true, 0, undefined, undefined]);
});

test('a member of one list cannot be taken out of another', () => {
  const list = new LinkedList<Item>();
  const other = new LinkedList<Item>();
  const item = new Item('a');
  list.addLast(item);
  expect([other.remove(item), other.size, item.list]).toEqual([false, 0, list]);
});

test('members may leave and come while all are gone through', () => {
  const list = new LinkedList<Item>();
  for (const name of 'abc') list.addLast(new Item(name));
  const seen: string[] = [];
  for (const item of list.values()) {
    seen.push(item.name);
    list.remove(item);
    list.addLast(new Item(item.name.toUpperCase()));
  }
  expect([seen.join(''), names(list)]).toEqual(['abc', 'ABC']);
});

test('what comes and goes dies young, however old the list is', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options?: { type: 'minor' }) => void;
  const list = new LinkedList<Item>();
  const come = (): void => {
    for (let at = 0; at < 500; at++) list.addLast(new Item('', new Array<number>(50).fill(at)));
  };
  const replace = (): void => {
    const before = list.values();
    come();
    for (const item of before) list.remove(item);
  };
  const oldBytes = (): number => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size;
  // Some have lived long enough to be taken for old, and so has the list.
  come();
  collect();
  replace();
  const before = oldBytes();
  for (let round = 0; round < 40; round++) {
    collect({ type: 'minor' });
    replace();
  }
  expect(oldBytes() - before).toBeLessThan(2 * 2 ** 20);
});
