import { expect, it } from 'vitest';
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
  STOP_AND_WATERMARK,
  type StatGroup,
  type Struct,
  type Timer,
  type TimerOwner,
} from '../../src/index.ts';
import { FilterRig } from '../../src/testing/index.ts';

// The examples of docs/writing-a-filter.md, out of what the package offers.

const HELLO = headerName('x-hello');

/** Tells upstreams what the configuration says. */
class Hello implements HttpFilter {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  decodeHeaders(_stream: FilterStream, headers: HeaderMap): FilterStatus {
    headers.set(HELLO, this.#text);
    return CONTINUE;
  }
}

const helloExtension: Extension<Struct, HttpFilter> = {
  name: 'example.hello',
  category: 'envoy.filters.http',
  configType: 'google.protobuf.Struct',
  compile: ({ fields }, at, context) => {
    const text = fields['text']?.kind;
    if (text?.case !== 'stringValue') context.error(at.field('text'), 'a text is needed');
    return new Hello(String(text?.value));
  },
};

const STATS = defineStats({ counters: ['waits'] });

/** Lets every request wait for a second. */
class Patience implements HttpFilter {
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

const patienceExtension: Extension<Struct, HttpFilter> = {
  name: 'example.patience',
  category: 'envoy.filters.http',
  configType: 'google.protobuf.Struct',
  compile: (_config, _at, context) => new Patience(context.stats.group('patience', STATS)),
};

const rigWith = (extension: Extension<Struct, HttpFilter>, value: object): FilterRig =>
  new FilterRig({ extensions: [extension], filters: [{ name: extension.name, typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value } }] });

const configured = (value: object): FilterRig => rigWith(helloExtension, value);

it('a filter of your own runs with a configuration that has no message of its own', () => {
  const call = configured({ text: 'there' }).send();
  expect(call.upstream!.headers['x-hello']).toBe('there');
});

it('a filter of your own tells what is wrong with its configuration, and where', () => {
  expect(() => configured({ text: 1 })).toThrow(/^rig:1:\d+: http_filters\[0\]\.typed_config\.text: a text is needed$/);
});

it('a filter of your own waits, and counts that it does', () => {
  const rig = rigWith(patienceExtension, {});
  const call = rig.send({ method: 'POST', body: ['a', 'b'] });
  rig.advance(999);
  expect(call.upstream).toBeUndefined();
  rig.advance(100);
  expect(call.upstream!.text).toBe('ab');
  expect(rig.stat('patience.waits')).toBe(1);
});

it('a filter of your own stops waiting for a client that has gone', () => {
  const rig = rigWith(patienceExtension, {});
  const call = rig.send();
  call.cut();
  rig.advance(2_000);
  expect(call.upstream).toBeUndefined();
});
