import {
  CONTINUE,
  defineStats,
  type Extension,
  type FilterHandle,
  type FilterStatus,
  type FilterStream,
  type HeaderMap,
  headerName,
  type HttpFilter,
  STOP,
  STOP_AND_BUFFER,
  STOP_AND_WATERMARK,
  type StatGroup,
  type Struct,
  structJson,
  TAKEN,
  type Timer,
  type TimerOwner,
} from '../../src/index.ts';
import { fields, type SupportTable } from '../../src/config/support.ts';

/** The examples of docs/writing-a-filter.md, out of what the package offers. */

export const helloSupport: SupportTable = { 'google.protobuf.Struct': fields('fields') };

const HELLO = headerName('x-hello');

/** Tells upstreams what the configuration says. */
export class Hello implements HttpFilter {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  decodeHeaders(_stream: FilterStream, headers: HeaderMap): FilterStatus {
    headers.set(HELLO, this.#text);
    return CONTINUE;
  }
}

export const helloExtension: Extension<Struct, HttpFilter> = {
  name: 'example.hello',
  category: 'envoy.filters.http',
  configType: 'google.protobuf.Struct',
  compile: (config, at, context) => {
    const { text } = structJson(config);
    if (typeof text !== 'string') context.error(at.field('text'), 'a text is needed');
    return new Hello(String(text));
  },
};

const STATS = defineStats({ counters: ['waits'] });

/** Lets every request wait for a second. `compile` returns `new Patience(context.stats.group('patience', STATS))`. */
export class Patience implements HttpFilter {
  readonly #stats: StatGroup;

  constructor(stats: StatGroup) {
    this.#stats = stats;
  }

  decodeHeaders(stream: FilterStream): FilterStatus {
    this.#stats.inc(STATS.waits);
    stream.state = new Wait(stream.handle());
    return STOP_AND_WATERMARK;
  }

  onDestroy(stream: FilterStream): void {
    (stream.state as Wait | undefined)?.timer.disarm();
  }
}

class Wait implements TimerOwner {
  readonly timer: Timer;
  readonly #handle: FilterHandle;

  constructor(handle: FilterHandle) {
    this.#handle = handle;
    this.timer = handle.stream.timers.after(1_000, this);
  }

  onTimer(): void {
    this.#handle.continueDecoding();
  }
}

const AUTHORIZATION = headerName('authorization');

export type Ask = (token: string, signal: AbortSignal) => Promise<boolean>;

/** Lets a request go on when somebody else agrees. */
export class Gate implements HttpFilter {
  readonly #ask: Ask;

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  decodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    const question = new AbortController();
    stream.state = question;
    void this.#decide(stream.handle(), this.#ask(headers.get(AUTHORIZATION) ?? '', question.signal));
    return STOP_AND_WATERMARK;
  }

  onDestroy(stream: FilterStream): void {
    (stream.state as AbortController | undefined)?.abort();
  }

  async #decide(handle: FilterHandle, answer: Promise<boolean>): Promise<void> {
    try {
      if (await answer) handle.continueDecoding();
      else handle.localReply({ status: 403, body: 'no', details: 'gate_closed' });
    } catch {
      handle.localReply({ status: 503, body: 'nobody knows', details: 'gate_unanswered' });
    }
  }
}

export const gateExtension: Extension<Struct, HttpFilter> = {
  name: 'example.gate',
  category: 'envoy.filters.http',
  configType: 'google.protobuf.Struct',
  compile: (config, at, context) => {
    const { url } = structJson(config);
    if (typeof url !== 'string' || !URL.canParse(url)) context.error(at.field('url'), 'a URL is needed');
    return new Gate(async (token, signal) => (await fetch(String(url), { headers: { authorization: token }, signal })).ok);
  },
};

const CONTENT_LENGTH = headerName('content-length');
const NOTHING = Buffer.alloc(0);

/** Wraps bodies in an object of JSON. */
export class Envelope implements HttpFilter {
  encodeHeaders(_stream: FilterStream, _headers: HeaderMap, end: boolean): FilterStatus {
    return end ? CONTINUE : STOP;
  }

  encodeData(stream: FilterStream, chunk: Buffer, end: boolean): FilterStatus {
    if (!end) return STOP_AND_BUFFER;
    const handle = stream.handle();
    const wrapped = this.#wrap(stream, chunk);
    handle.continueEncoding();
    handle.injectEncodedData(wrapped, true);
    return TAKEN;
  }

  encodeTrailers(stream: FilterStream): FilterStatus {
    stream.handle().addEncodedData(this.#wrap(stream, NOTHING));
    return CONTINUE;
  }

  #wrap(stream: FilterStream, last: Buffer): Buffer {
    const held = stream.handle().encodingBuffer();
    const wrapped = Buffer.from(JSON.stringify({ body: Buffer.concat([held?.peek() ?? NOTHING, last]).toString() }));
    held?.replace(NOTHING);
    stream.responseHeaders!.set(CONTENT_LENGTH, String(wrapped.length));
    return wrapped;
  }
}

interface ClosedRoute {
  readonly notice: string;
}

/** Answers for the routes that are closed. */
class Closed implements HttpFilter {
  decodeHeaders(stream: FilterStream): FilterStatus {
    const route = stream.perRoute as ClosedRoute | undefined;
    if (route === undefined) return CONTINUE;
    stream.localReply({ status: 503, body: route.notice, details: 'closed' });
    return STOP;
  }
}

export const closedExtension: Extension<Struct, HttpFilter> = {
  name: 'example.closed',
  category: 'envoy.filters.http',
  configType: 'google.protobuf.Struct',
  routeConfigType: 'google.protobuf.Struct',
  compile: () => new Closed(),
  compileRoute: (config: Struct): ClosedRoute => ({ notice: String(structJson(config)['notice']) }),
};

export const patienceExtension: Extension<Struct, HttpFilter> = {
  name: 'example.patience',
  category: 'envoy.filters.http',
  configType: 'google.protobuf.Struct',
  compile: (_config, _at, context) => new Patience(context.stats.group('patience', STATS)),
};
