import { expect, test } from 'vitest';
import type { CompileContext } from '../../../src/core/extension.ts';
import { silentLogger } from '../../../src/core/log.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { httpInspectorExtension, MAX_LINE_BYTES } from '../../../src/filters/listener/http-inspector/extension.ts';
import { type AcceptedSocket, CLOSE, type ListenerFilterReader, WAIT } from '../../../src/listener/listener-filter.ts';

test('waits for the end of a request line up to the limit, and no further', () => {
  const context = { log: silentLogger, stats: new SharedStatStore({ onAnnounce() {} }) } as unknown as CompileContext;
  const filter = httpInspectorExtension.compile({} as never, ConfigPath.root, context);
  const socket = { transportProtocol: '', applicationProtocols: [] } as unknown as AcceptedSocket;
  const reader = filter.open(socket) as ListenerFilterReader;
  const bytes = Buffer.from(`GET /${'a'.repeat(MAX_LINE_BYTES)}`);
  expect(reader.onData(bytes, MAX_LINE_BYTES - 1)).toBe(WAIT);
  expect(reader.onData(bytes, MAX_LINE_BYTES)).toBe(CLOSE);
  expect(socket.applicationProtocols).toEqual([]);
});
