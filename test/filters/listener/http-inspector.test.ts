import { expect, test } from 'vitest';
import type { CompileContext } from '../../../src/core/extension.ts';
import { ConfigPath } from '../../../src/core/problems.ts';
import { SharedStatStore } from '../../../src/core/stats/store.ts';
import { httpInspectorExtension, MAX_LINE_BYTES } from '../../../src/filters/listener/http-inspector/extension.ts';
import { type AcceptedSocket, type ListenerFilterReader, WAIT } from '../../../src/listener/listener-filter.ts';

test('waits for the end of a request line up to the limit', () => {
  const context = { stats: new SharedStatStore({ onAnnounce() {} }) } as unknown as CompileContext;
  const filter = httpInspectorExtension.compile({} as never, ConfigPath.root, context);
  const socket = { transportProtocol: '', applicationProtocols: [] } as unknown as AcceptedSocket;
  const reader = filter.open(socket) as ListenerFilterReader;
  const bytes = Buffer.from(`GET /${'a'.repeat(MAX_LINE_BYTES)}`);
  expect(reader.onData(bytes, MAX_LINE_BYTES - 1)).toBe(WAIT);
  expect(reader.onData(bytes, MAX_LINE_BYTES)).toBe(0);
  expect(socket.applicationProtocols).toEqual([]);
});
