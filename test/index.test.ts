import type { Struct } from '@bufbuild/protobuf/wkt';
import { afterEach, describe, expect, it } from 'vitest';
import { ConfigurationError, CONTINUE, type Extension, headerName, type HttpFilter, type StartOptions, startProxy } from '../src/index.ts';
import { bootstrap, listener } from './integration/bootstraps.ts';
import { get, Running } from './integration/running.ts';

const running = new Running();
afterEach(() => running.end());

const answering = (body: string): object => bootstrap([listener({ name: 'ingress', routes: [{ body }] })]);

describe('startProxy', () => {
  it('runs proxies beside each other that know nothing of each other', async () => {
    const proxies = await Promise.all(['first', 'second'].map((body) => startProxy({ config: answering(body) })));
    for (const proxy of proxies) running.onEnd(() => proxy.close());
    const ports = proxies.map(({ addresses }) => addresses.get('ingress')!.port);
    expect((await Promise.all(ports.map((port) => get(port)))).map(({ body }) => body)).toEqual(['first', 'second']);
    await proxies[0]!.close();
    await expect(get(ports[0]!)).rejects.toThrow('ECONNREFUSED');
    expect((await get(ports[1]!)).body).toBe('second');
  });

  it('takes a bootstrap as text', async () => {
    const proxy = await startProxy({ config: JSON.stringify(answering('text')) });
    running.onEnd(() => proxy.close());
    expect((await get(proxy.addresses.get('ingress')!.port)).body).toBe('text');
  });

  it('runs filters of your own, told apart by their names', async () => {
    const writing = (name: string): Extension<Struct, HttpFilter> => ({
      name,
      category: 'envoy.filters.http',
      configType: 'google.protobuf.Struct',
      compile: ({ fields }) => ({
        encodeHeaders: (_stream, headers) => {
          headers.set(headerName(`x-${name}`), String(fields['text']?.kind.value));
          return CONTINUE;
        },
      }),
    });
    const configured = (name: string, text: string): object => ({ name, typed_config: { '@type': 'type.googleapis.com/google.protobuf.Struct', value: { text } } });
    const config = bootstrap([listener({ name: 'ingress', routes: [{ body: 'x' }], filters: [configured('one', 'first'), configured('two', 'second')] })]);
    const proxy = await startProxy({ config, extensions: [writing('one'), writing('two')] });
    running.onEnd(() => proxy.close());
    expect((await get(proxy.addresses.get('ingress')!.port)).headers).toMatchObject({ 'x-one': 'first', 'x-two': 'second' });
    await expect(startProxy({ config })).rejects.toThrow("Didn't find a registered implementation for 'one' with type URL: 'google.protobuf.Struct'");
  });

  it.each([
    ['as text', 'static_resources:\n  listener: []\n', 'config:2:3: static_resources.listener: no such field'],
    ['as an object', { static_resources: { listener: [] } }, 'config:1:22: static_resources.listener: no such field'],
  ])('tells every problem of a bootstrap %s, with its place', async (_, config, message) => {
    const error: unknown = await startProxy({ config }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toContain(message);
  });

  it.each<[unknown, RegExp]>([
    [undefined, /config must be a bootstrap, as text or as an object/],
    [{}, /config must be a bootstrap/],
    [{ config: null }, /config must be a bootstrap/],
    [{ config: {}, transport: 'tcp' }, /transport must be one of auto, direct, public/],
    [{ config: {}, concurrency: 0 }, /concurrency must be a whole number from 1/],
    [{ config: {}, concurrency: 1.5 }, /concurrency must be a whole number from 1/],
    [{ config: {}, extensions: {} }, /extensions must be a list/],
    [{ config: {}, extensions: [{}], concurrency: 2 }, /extensions run in the calling thread, so concurrency must be 1/],
    [{ config: {}, fileFlushIntervalMs: -1 }, /fileFlushIntervalMs must be a number of milliseconds/],
  ])('says what is wrong with the options %j', async (options, message) => {
    await expect(startProxy(options as StartOptions)).rejects.toThrow(message);
  });
});
