import type { ActiveStream } from '../../src/filters/network/http-connection-manager/active-stream.ts';
import { DecodeTarget, EncodeTarget } from '../../src/filters/network/http-connection-manager/filter-targets.ts';
import { CONTINUE, type FilterStatus, type HttpFilter } from '../../src/http/filter.ts';
import { createFilterChain } from '../../src/http/filter-chain.ts';
import { FilterIteration } from '../../src/http/filter-iteration.ts';
import { HeaderMap } from '../../src/http/header-map.ts';
import type { MicroCase } from './runner/micro-case.ts';

const headers = new HeaderMap();
const body = Buffer.alloc(1024);

export const cases: readonly MicroCase[] = [
  message('no filter, headers and a chunk each way', 0),
  message('8 filters of 8 classes that pass on, headers and a chunk each way', 8),
];

function message(name: string, filters: number): MicroCase {
  const chain = createFilterChain(Array.from({ length: filters }, (_, index) => ({ name: `${index}`, filter: passThrough(), disabled: false })));
  return {
    name,
    run: (count) => {
      const stream = new Stream(chain);
      for (let i = 0; i < count; i++) {
        for (const Target of [DecodeTarget, EncodeTarget]) {
          const iteration = new FilterIteration(new Target(stream as unknown as ActiveStream), 1 << 20);
          iteration.headers(headers, false);
          iteration.data(body, true);
        }
      }
      return stream.sent;
    },
  };
}

/** What the targets need of a stream. */
class Stream {
  readonly chain: ReturnType<typeof createFilterChain>;
  current: unknown;
  sent = 0;

  constructor(chain: ReturnType<typeof createFilterChain>) {
    this.chain = chain;
  }

  sendHeaders(): void {
    this.sent++;
  }
  sendData(): void {
    this.sent++;
  }
}

/** Of a class of its own: sees all headers and changes nothing. */
function passThrough(): HttpFilter {
  class PassThrough implements HttpFilter {
    decodeHeaders(): FilterStatus {
      return CONTINUE;
    }
    encodeHeaders(): FilterStatus {
      return CONTINUE;
    }
  }
  return new PassThrough();
}
