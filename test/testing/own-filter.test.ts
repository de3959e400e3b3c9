import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { type Extension, type HttpFilter, startProxy, type Struct } from '../../src/index.ts';
import { FilterRig, type JsonMessage } from '../../src/testing/index.ts';
import { bootstrap, listener } from '../integration/bootstraps.ts';
import { get } from '../integration/running.ts';
import { type Ask, closedExtension, Envelope, Gate, gateExtension, helloExtension, patienceExtension } from './page-filters.ts';

const STRUCT = 'type.googleapis.com/google.protobuf.Struct';

const rigWith = (extension: Extension<Struct, HttpFilter>, value: object = {}, routes?: readonly JsonMessage[]): FilterRig =>
  new FilterRig({ extensions: [extension], filters: [{ name: extension.name, typed_config: { '@type': STRUCT, value } }], ...(routes && { routes }) });

const standing = (filter: HttpFilter): FilterRig =>
  rigWith({ name: 'example', category: 'envoy.filters.http', configType: 'google.protobuf.Struct', compile: () => filter });

it('a filter of your own runs with a configuration that has no message of its own', () => {
  const call = rigWith(helloExtension, { text: 'there' }).send();
  expect(call.upstream!.headers['x-hello']).toBe('there');
});

it('a filter of your own tells what is wrong with its configuration, and where', () => {
  expect(() => rigWith(helloExtension, { text: 1 })).toThrow(/^rig:1:\d+: http_filters\[0\]\.typed_config\.text: a text is needed$/);
  expect(() => rigWith(gateExtension, { url: 'nowhere' })).toThrow(/typed_config\.url: a URL is needed$/);
});

it('a filter of your own serves beside those of Envoy', async () => {
  const config = bootstrap([listener({ name: 'ingress', routes: [{ body: 'x' }], filters: [{ name: 'example.hello', typed_config: { '@type': STRUCT, value: { text: 'there' } } }] })]);
  const proxy = await startProxy({ config, extensions: [helloExtension] });
  expect((await get(proxy.addresses.get('ingress')!.port)).body).toBe('x');
  await proxy.close();
});

it('a filter of your own waits, and counts that it does', () => {
  const rig = new FilterRig({
    extensions: [patienceExtension],
    filters: [{ name: 'example.patience', typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct' } }],
  });
  const call = rig.send({ method: 'POST', body: ['a', 'b'] });
  expect(call.upstream).toBeUndefined();
  rig.advance(1_000);
  expect(call.upstream!.text).toBe('ab');
  call.upstream!.respond({ status: 200, body: 'hello' });
  expect(call.response!.text).toBe('hello');
  expect(rig.stat('patience.waits')).toBe(1);
});

it('a filter of your own stops waiting for a client that has gone', () => {
  const rig = rigWith(patienceExtension);
  const call = rig.send();
  call.cut();
  rig.advance(2_000);
  expect(call.upstream).toBeUndefined();
});

interface Question {
  readonly token: string;
  readonly signal: AbortSignal;
}

/** What a gate asks, and the answer that the test gives. */
function gate(): { readonly questions: Question[]; readonly answer: PromiseWithResolvers<boolean>; readonly rig: FilterRig } {
  const questions: Question[] = [];
  const answer = Promise.withResolvers<boolean>();
  const ask: Ask = (token, signal) => {
    questions.push({ token, signal });
    return answer.promise;
  };
  return { questions, answer, rig: standing(new Gate(ask)) };
}

/** Until everything has run that waits for promises which are settled. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it.each([
  [true, undefined],
  [false, 403],
])('a filter of your own lets a request go on when a promise says %j', async (open, status) => {
  const { questions, answer, rig } = gate();
  const call = rig.send({ method: 'POST', headers: { authorization: 'me' }, body: 'b' });
  expect(call.upstream).toBeUndefined();
  answer.resolve(open);
  await settled();
  expect(questions[0]!.token).toBe('me');
  expect(call.upstream?.text).toBe(open ? 'b' : undefined);
  expect(call.response?.status).toBe(status);
});

it('a filter of your own answers when its promise is rejected', async () => {
  const { answer, rig } = gate();
  const call = rig.send();
  answer.reject(new Error('away'));
  await settled();
  expect(call.response!.status).toBe(503);
});

it('a filter of your own stops asking for a client that has gone', async () => {
  const { questions, answer, rig } = gate();
  const call = rig.send();
  call.cut();
  expect(questions[0]!.signal.aborted).toBe(true);
  answer.resolve(true);
  await settled();
  expect(call.upstream).toBeUndefined();
});

it.each([
  ['one piece', { body: 'abc' }],
  ['pieces', { body: ['a', 'b', 'c'] }],
  ['pieces with trailers', { body: ['a', 'bc'], trailers: { 'x-t': '1' } }],
])('a filter of your own changes a body as a whole that comes in %s', (_, message) => {
  const call = standing(new Envelope()).send();
  call.upstream!.respond({ status: 200, ...message });
  expect(call.response).toMatchObject({ text: '{"body":"abc"}', ended: true, headers: { 'content-length': '14' } });
});

it('a filter of your own leaves an answer without a body alone', () => {
  const call = standing(new Envelope()).send();
  call.upstream!.respond({ status: 204 });
  expect(call.response).toMatchObject({ status: 204, text: '' });
});

it('a body that a filter of your own holds is limited', () => {
  const rig = new FilterRig({
    bufferLimitBytes: 4,
    extensions: [{ name: 'example', category: 'envoy.filters.http', configType: 'google.protobuf.Struct', compile: () => new Envelope() }],
    filters: [{ name: 'example', typed_config: { '@type': STRUCT } }],
  });
  const call = rig.send();
  call.upstream!.respond({ status: 200, body: ['abc', 'def', 'ghi'] });
  expect(call.response!.status).toBe(500);
});

it('filters of your own have configurations of a route, each its own', () => {
  const noticing = (extension: string, notice: string): JsonMessage => ({ [extension]: { '@type': STRUCT, value: { notice } } });
  const rig = new FilterRig({
    extensions: [closedExtension, { ...closedExtension, name: 'example.shut' }],
    filters: ['example.closed', 'example.shut'].map((name) => ({ name, typed_config: { '@type': STRUCT } })),
    routes: [
      { match: { prefix: '/old' }, route: { cluster: 'upstream' }, typed_per_filter_config: noticing('example.closed', 'it has moved') },
      { match: { prefix: '/shut' }, route: { cluster: 'upstream' }, typed_per_filter_config: noticing('example.shut', 'it is shut') },
      { match: { prefix: '/' }, route: { cluster: 'upstream' } },
    ],
  });
  expect(rig.send({ path: '/old' }).response).toMatchObject({ status: 503, text: 'it has moved' });
  expect(rig.send({ path: '/shut' }).response).toMatchObject({ status: 503, text: 'it is shut' });
  expect(rig.send().upstream).toBeDefined();
});

it('the examples of the page are those that run here', () => {
  const here = ['page-filters.ts', 'own-filter.test.ts'].map((name) => lines(readFileSync(new URL(name, import.meta.url), 'utf8'))).join('\n');
  const page = readFileSync(new URL('../../docs/writing-a-filter.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```/gms)].map((block) => lines(block[1]!));
  expect(blocks.length).toBeGreaterThan(7);
  for (const block of blocks) expect(here).toContain(block);
});

/** Without what depends on the place: imports, exports, indent. */
function lines(code: string): string {
  const kept = code.split('\n').map((line) => line.trim().replace(/^export /, ''));
  return kept.filter((line) => line !== '' && !/^(?:import |\/\/ src\/)/.test(line)).join('\n');
}
