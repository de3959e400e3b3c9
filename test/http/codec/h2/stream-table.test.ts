import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { H2Stream } from '../../../../src/http/codec/h2/h2-stream.ts';
import { StreamTable } from '../../../../src/http/codec/h2/stream-table.ts';

/** Ids up to here, so that they meet in the small tables of a test. */
const MAX_ID = 200;

const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('add' as const, 'delete' as const), id: fc.oneof(fc.integer({ min: 1, max: MAX_ID }), fc.constantFrom(0x7fff_ffff, 0x4000_0001)) }),
  fc.constant({ kind: 'clear' as const, id: 0 }),
);

test('a table of streams holds what was added and not deleted, oldest first', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const table = new StreamTable();
      const model = new Map<number, H2Stream>();
      for (const { kind, id } of steps) {
        if (kind === 'clear') {
          table.clear();
          model.clear();
        } else if (kind === 'delete') {
          expect(table.delete(id)).toBe(model.delete(id));
        } else if (!model.has(id)) {
          const stream = { id } as H2Stream;
          table.add(stream);
          model.set(id, stream);
        }
        expect(table.size).toBe(model.size);
        expect(table.get(id)).toBe(model.get(id));
      }
      expect(table.values()).toEqual([...model.values()].sort((one, other) => one.id - other.id));
      for (let id = 1; id <= MAX_ID; id++) expect(table.get(id)).toBe(model.get(id));
    }),
    { numRuns: 300 },
  );
});
