import { expect, test } from 'vitest';
import { StreamInfo, type ConnectionInfo } from '../../src/http/stream-info.ts';
import { FilteredHandler } from '../../src/listener/filtered-connection.ts';
import { CONTINUE, type ConnectionHandler, type FilteredConnection, type NetworkFilter, type NetworkFilterStatus, STOP } from '../../src/listener/network-filter.ts';
import type { Connection } from '../../src/transport/transport.ts';

/** A handler behind one filter that answers `status` to bytes; what its terminal filter has counted when it was told of the end. */
function serve(status: (connection: FilteredConnection) => NetworkFilterStatus): { handler: FilteredHandler; counted: () => number } {
  const info = { stream: undefined } as unknown as ConnectionInfo;
  const stream = (info.stream = new StreamInfo(info));
  let counted = -1;
  const terminal: ConnectionHandler = {
    active: false,
    startDrain() {},
    onBytes: (_bytes, length) => (stream.bytesReceived += length),
    onEnd() {},
    onDrained() {},
    onClosed: () => (counted = stream.bytesReceived),
  };
  const filter: NetworkFilter = { open: (connection) => ({ onNewConnection: () => CONTINUE, onData: () => status(connection), onClosed() {} }) };
  const connection = { closeAfterFlush() {}, pauseReads() {}, resumeReads() {} } as unknown as Connection;
  return { handler: new FilteredHandler(connection, info, { filters: [filter], terminal, bufferLimitBytes: 100 }), counted: () => counted };
}

test('bytes that a filter keeps from the terminal one, or refuses, count as received when the connection ends', () => {
  const held = serve(() => STOP);
  held.handler.onBytes(Buffer.from('one'), 3);
  held.handler.onBytes(Buffer.from('two'), 3);
  held.handler.onClosed(undefined);
  expect(held.counted()).toBe(6);

  const refused = serve((connection) => {
    connection.close('refused');
    return STOP;
  });
  refused.handler.onBytes(Buffer.from('four'), 4);
  refused.handler.onClosed(undefined);
  expect(refused.counted()).toBe(4);
});

test('bytes that go on to the terminal filter count once', () => {
  const resumed = serve(() => STOP);
  resumed.handler.onBytes(Buffer.from('one'), 3);
  resumed.handler.resume();
  resumed.handler.onClosed(undefined);
  expect(resumed.counted()).toBe(3);
});
