import { FilterState } from '../../src/http/filter-state.ts';

export function filterStateOf(...entries: readonly (readonly [key: string, object: unknown])[]): FilterState {
  const state = new FilterState();
  for (const [key, object] of entries) state.set(key, object);
  return state;
}
