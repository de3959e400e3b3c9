import { describe, expect, it } from 'vitest';
import { CONTINUE, type FilterStatus, STOP, STOP_AND_BUFFER, STOP_AND_WATERMARK, TAKEN } from '../../src/http/filter.ts';
import { FilterIteration, type IterationTarget } from '../../src/http/filter-iteration.ts';
import { HeaderMap } from '../../src/http/header-map.ts';

type Answers = Partial<Record<'headers' | 'data' | 'trailers', FilterStatus>>;

/** A row of filters that answer as told and write down what they see. */
class Row implements IterationTarget {
  readonly events: string[] = [];
  readonly filters: Answers[];
  readonly lastChunkEnds: boolean = true;
  constructor(...filters: Answers[]) {
    this.filters = filters;
  }
  get length(): number {
    return this.filters.length;
  }
  callHeaders(index: number, _headers: HeaderMap, end: boolean): FilterStatus {
    this.events.push(`${index} headers${end ? ' end' : ''}`);
    return this.filters[index]!.headers ?? CONTINUE;
  }
  callData(index: number, chunk: Buffer, end: boolean): FilterStatus {
    this.events.push(`${index} data ${chunk}${end ? ' end' : ''}`);
    return this.filters[index]!.data ?? CONTINUE;
  }
  callTrailers(index: number): FilterStatus {
    this.events.push(`${index} trailers`);
    return this.filters[index]!.trailers ?? CONTINUE;
  }
  passHeaders(_headers: HeaderMap, end: boolean): void {
    this.events.push(`out headers${end ? ' end' : ''}`);
  }
  passData(chunk: Buffer, end: boolean): void {
    this.events.push(`out data ${chunk}${end ? ' end' : ''}`);
  }
  passTrailers(): void {
    this.events.push('out trailers');
  }
  onBufferOverflow(): void {
    this.events.push('overflow');
  }
  onHighWatermark(): void {
    this.events.push('high');
  }
  onLowWatermark(): void {
    this.events.push('low');
  }
  take(): string[] {
    return this.events.splice(0);
  }
}

const data = (text: string) => Buffer.from(text);

describe('FilterIteration', () => {
  it('takes more than the limit where the first chunk ends the wait', () => {
    const row = new Row({ headers: STOP });
    const iteration = new FilterIteration(row, 3);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('hello'), true);
    expect(row.take()).toEqual(['0 headers', '0 data hello end', 'out headers', 'out data hello end']);
  });

  it('refuses more than the limit where the last chunk ends a wait that has buffered', () => {
    const row = new Row({ headers: STOP, data: STOP_AND_BUFFER });
    const iteration = new FilterIteration(row, 3);
    row.onBufferOverflow = () => {
      iteration.stopped = true;
      row.events.push('overflow');
    };
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('hel'), false);
    row.filters[0] = { data: CONTINUE };
    iteration.data(data('lo'), true);
    expect(row.take()).toEqual(['0 headers', '0 data hel', '0 data lo end', 'overflow']);
  });

  it('runs each event through the row and out', () => {
    const row = new Row({}, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('a'), false);
    iteration.trailers(new HeaderMap());
    expect(row.take()).toEqual([
      '0 headers', '1 headers', 'out headers', '0 data a', '1 data a', 'out data a', '0 trailers', '1 trailers', 'out trailers',
    ]);
  });

  it('holds body behind a filter that stops all, and lets it go in order', () => {
    const row = new Row({}, { headers: STOP_AND_BUFFER }, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('a'), false);
    iteration.data(data('b'), true);
    expect(row.take()).toEqual(['0 headers', '1 headers', '0 data a', '0 data b end']);
    iteration.resume(1);
    expect(row.take()).toEqual(['2 headers', 'out headers', '2 data ab end', 'out data ab end']);
  });

  it('asks the data hook of a filter that stopped headers, and goes on with headers first', () => {
    const row = new Row({ headers: STOP, data: STOP_AND_BUFFER }, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('a'), false);
    row.filters[0]!.data = CONTINUE;
    iteration.data(data('b'), true);
    expect(row.take()).toEqual(['0 headers', '0 data a', '0 data b end', '1 headers', 'out headers', '1 data ab end', 'out data ab end']);
  });

  it('keeps the end of a message without body for the resume', () => {
    const row = new Row({ headers: STOP }, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), true);
    iteration.resume(0);
    expect(row.take()).toEqual(['0 headers end', '1 headers end', 'out headers end']);
  });

  it('turns the end into data when a filter adds body to a message without one', () => {
    const row = new Row({ headers: STOP }, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), true);
    iteration.addData(0, data('new'));
    iteration.resume(0);
    expect(row.take()).toEqual(['0 headers end', '1 headers', 'out headers', '1 data new end', 'out data new end']);
  });

  it('passes an end that came alone after headers had gone on', () => {
    const row = new Row({ data: STOP_AND_WATERMARK });
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data(''), true);
    iteration.resume(0);
    expect(row.take()).toEqual(['0 headers', 'out headers', '0 data  end', 'out data  end']);
  });

  it('lets trailers wait behind held body', () => {
    const row = new Row({ data: STOP_AND_BUFFER, trailers: CONTINUE });
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('a'), false);
    iteration.trailers(new HeaderMap());
    expect(row.take()).toEqual(['0 headers', 'out headers', '0 data a', '0 trailers', 'out data a', 'out trailers']);
  });

  it('reports a buffering filter over the limit, and pauses and resumes for a watermark filter', () => {
    const buffering = new Row({ headers: STOP_AND_BUFFER });
    const first = new FilterIteration(buffering, 3);
    first.headers(new HeaderMap(), false);
    first.data(data('abc'), false);
    expect(buffering.take()).not.toContain('overflow');
    first.data(data('d'), false);
    expect(buffering.take()).toContain('overflow');
    const watermark = new Row({ headers: STOP_AND_WATERMARK });
    const second = new FilterIteration(watermark, 3);
    second.headers(new HeaderMap(), false);
    second.data(data('abcd'), false);
    expect(watermark.take()).toContain('high');
    second.resume(0);
    expect(watermark.take()).toEqual(['low', 'out headers', 'out data abcd']);
  });

  it('does nothing more once stopped', () => {
    const row = new Row({ headers: STOP });
    const iteration = new FilterIteration(row, 10);
    iteration.headers(new HeaderMap(), true);
    iteration.stopped = true;
    iteration.resume(0);
    iteration.addData(0, data('x'));
    expect(row.take()).toEqual(['0 headers end']);
  });

  it('lets a filter take body and send on what it makes of it', () => {
    const row = new Row({ data: TAKEN, trailers: TAKEN }, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    row.take();
    iteration.data(data('a'), false);
    iteration.data(data('b'), false);
    iteration.trailers(new HeaderMap());
    expect(row.take()).toEqual(['0 data a', '0 data b', '0 trailers']);
    iteration.injectData(0, data('AB'), false);
    iteration.injectTrailers(0, new HeaderMap());
    expect(row.take()).toEqual(['1 data AB', 'out data AB', '1 trailers', 'out trailers']);
  });

  it('holds injected body behind a later filter that stops', () => {
    const row = new Row({ data: TAKEN }, { data: STOP_AND_BUFFER }, {});
    const iteration = new FilterIteration(row, 100);
    iteration.headers(new HeaderMap(), false);
    iteration.data(data('a'), true);
    row.take();
    iteration.injectData(0, data('A'), false);
    iteration.injectData(0, data('B'), true);
    expect(row.take()).toEqual(['1 data A', '1 data B end']);
    iteration.resume(1);
    expect(row.take()).toEqual(['2 data AB end', 'out data AB end']);
  });
});
