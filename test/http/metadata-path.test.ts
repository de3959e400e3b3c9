import { expect, it } from 'vitest';
import { valueAt } from '../../src/http/metadata-path.ts';

const METADATA = { list: [{ name: 'a' }, 2], object: { key: 'value', 0: 'zero' }, nothing: null };

it.each([
  [[], METADATA],
  [['object', 'key'], 'value'],
  [['object', '0'], 'zero'],
  [['list', 0, 'name'], 'a'],
  [['list', 1], 2],
  [['nothing'], null],
])('what stands at %j is found', (path, value) => {
  expect(valueAt(METADATA, path)).toEqual(value);
});

it.each([[['list', 2]], [['list', '0']], [['list', 'length']], [['object', 0]], [['object', 'toString']], [['nothing', 'a']], [['object', 'key', 'length']]])(
  'nothing stands at %j',
  (path) => expect(valueAt(METADATA, path)).toBeUndefined(),
);
