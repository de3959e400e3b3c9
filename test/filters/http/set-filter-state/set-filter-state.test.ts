import { expect, test } from 'vitest';
import { FilterRig, type JsonMessage } from '../../../../src/testing/index.ts';

const typed = (...entries: JsonMessage[]): JsonMessage => ({ '@type': 'type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config', on_request_headers: entries });
const entry = (key: string, text: string, more: JsonMessage = {}): JsonMessage => ({
  object_key: key,
  factory_key: 'envoy.string',
  format_string: { text_format_source: { inline_string: text }, omit_empty_values: true },
  ...more,
});
const SHOWN = { request_headers_to_add: [{ header: { key: 'x-state', value: '%FILTER_STATE(a:PLAIN)%|%FILTER_STATE(b:PLAIN)%' } }] };

function stateOf(filter: JsonMessage, options: { route?: JsonMessage; virtualHost?: JsonMessage } = {}, headers: Record<string, string> = {}): string | undefined {
  const perFilter = (config: JsonMessage | undefined): JsonMessage => (config === undefined ? {} : { typed_per_filter_config: { state: config } });
  const rig = new FilterRig({
    filters: [{ name: 'state', typed_config: filter }],
    routes: [{ match: { prefix: '/' }, route: { cluster: 'upstream' }, ...perFilter(options.route) }],
    virtualHost: { ...SHOWN, ...perFilter(options.virtualHost) },
  });
  return rig.send({ headers }).upstream!.headers['x-state'];
}

test('a text made of the request can be named later', () => {
  expect(stateOf(typed(entry('a', '<%REQ(x-a)%>'), entry('b', '%FILTER_STATE(a:PLAIN)% twice')), {}, { 'x-a': 'h\xc3\xa9llo' })).toBe('<h\xc3\xa9llo>|<h\xc3\xa9llo> twice');
});

test('a later value wins, also that of a more specific level', () => {
  expect(stateOf(typed(entry('a', 'one'), entry('a', 'two')))).toBe('two|');
  expect(stateOf(typed(entry('a', 'filter'), entry('b', 'filter')), { virtualHost: typed(entry('a', 'host'), entry('b', 'host')), route: typed(entry('b', 'route')) })).toBe('host|route');
});

test('an empty text is left out where told to', () => {
  const empty = (more: JsonMessage): string | undefined => stateOf(typed(entry('a', 'before'), entry('a', '%REQ(x-none)%', more)));
  expect(empty({ skip_if_empty: true })).toBe('before|');
  expect(empty({})).toBe('|');
});

test('an object that is no text is refused', () => {
  const san = 'envoy.network.upstream_subject_alt_names';
  expect(() => stateOf(typed(entry('a', 'x', { factory_key: san })))).toThrow(`'${san}' does not have an object factory: here those are envoy.string, envoy.hashable_string, envoy.tcp_proxy.cluster`);
  expect(() => stateOf(typed(entry('a', 'x', { factory_key: '' })))).toThrow("'a' does not have an object factory");
});
