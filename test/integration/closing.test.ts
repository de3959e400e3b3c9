import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Gateway, RawUpstream, response, TRANSPORTS } from './gateway.ts';
import { Running } from './running.ts';

const running = new Running();
afterEach(() => running.end());

test.each(TRANSPORTS.flatMap((transport) => [1, 2].map((concurrency) => ({ transport, concurrency }))))(
  'closing writes the records of what it ends ($transport transport, $concurrency workers)',
  async ({ transport, concurrency }) => {
    const path = join(running.folder(), 'access.log');
    const logging = (format: string): Record<string, unknown> => ({
      access_log: [{ name: 'file', typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog', path, log_format: { text_format_source: { inline_string: `${format}\n` } } } }],
    });
    const upstream = await RawUpstream.start();
    running.onEnd(() => upstream.close());
    upstream.answer = (peer, asked) => void (asked === '/answered' && peer.write(response('answer')));
    const config = { clusters: { origin: upstream.port }, manager: logging('%REQ(:PATH)% %RESPONSE_FLAGS%'), listener: logging('connection') };
    const gateway = await Gateway.start(config, { transport, concurrency });
    running.onEnd(() => gateway.close());
    const [idle, waiting] = [gateway.connect(), gateway.connect()];
    idle.write('GET /answered HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await idle.has('answer');
    waiting.write('GET /waiting HTTP/1.1\r\nHost: gateway\r\n\r\n');
    await upstream.receiving('/waiting');
    await gateway.close();
    expect(readFileSync(path, 'latin1').trimEnd().split('\n').toSorted()).toEqual(['/answered -', '/waiting DC', 'connection', 'connection']);
    for (const client of [idle, waiting]) client.socket.destroy();
  },
);
