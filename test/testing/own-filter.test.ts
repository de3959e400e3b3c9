import type { Struct } from '@bufbuild/protobuf/wkt';
import { expect, it } from 'vitest';
import type { Extension } from '../../src/core/extension.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../src/http/filter.ts';
import type { HeaderMap } from '../../src/http/header-map.ts';
import { headerName } from '../../src/http/header-name.ts';
import { FilterRig } from '../../src/testing/index.ts';

// The example of docs/writing-a-filter.md.

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

const configured = (value: object): FilterRig =>
  new FilterRig({ extensions: [helloExtension], filters: [{ name: 'example.hello', typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value } }] });

it('a filter of your own runs with a configuration that has no message of its own', () => {
  const call = configured({ text: 'there' }).send();
  expect(call.upstream!.headers['x-hello']).toBe('there');
});

it('a filter of your own tells what is wrong with its configuration, and where', () => {
  expect(() => configured({ text: 1 })).toThrow(/^rig:1:\d+: http_filters\[0\]\.typed_config\.text: a text is needed$/);
});
