import { expect, test } from 'vitest';
import { collectGarbage } from '../../../src/server/overload/garbage.ts';

const gone = Promise.withResolvers<string>();
// Outlives the test: a registry that is itself garbage tells nothing.
const registry = new FinalizationRegistry<string>((name) => gone.resolve(name));

test('a heap that is asked to shrink gives back what nobody holds', async () => {
  (() => registry.register({ any: 'thing' }, 'thing'))();
  collectGarbage();
  expect(await gone.promise).toBe('thing');
});
