import { CONTINUE, type FilterStatus, type HttpFilter } from '../../src/http/filter.ts';
import { FilterIteration, type IterationTarget } from '../../src/http/filter-iteration.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import type { MicroCase } from './runner/micro-case.ts';

/** Sees everything and changes nothing. */
class PassThrough implements HttpFilter {
  decodeHeaders(): FilterStatus {
    return CONTINUE;
  }
  decodeData(): FilterStatus {
    return CONTINUE;
  }
}

class Row implements IterationTarget {
  readonly filters: readonly PassThrough[];
  passed = 0;

  constructor(count: number) {
    this.filters = Array.from({ length: count }, () => new PassThrough());
  }

  get length(): number {
    return this.filters.length;
  }
  callHeaders(index: number): FilterStatus {
    return this.filters[index]!.decodeHeaders();
  }
  callData(index: number): FilterStatus {
    return this.filters[index]!.decodeData();
  }
  callTrailers(): FilterStatus {
    return CONTINUE;
  }
  passHeaders(): void {
    this.passed++;
  }
  passData(): void {
    this.passed++;
  }
  passTrailers(): void {}
  onBufferOverflow(): void {}
  onHighWatermark(): void {}
  onLowWatermark(): void {}
}

const headers = new HeaderMap();
const body = Buffer.alloc(1024);

export const cases: readonly MicroCase[] = [
  message('no filter, headers and a chunk', 0),
  message('8 filters that pass on, headers and a chunk', 8),
];

function message(name: string, filters: number): MicroCase {
  const row = new Row(filters);
  return {
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) {
        const iteration = new FilterIteration(row, 1 << 20);
        iteration.headers(headers, false);
        iteration.data(body, true);
      }
      return row.passed;
    },
  };
}
