import { describe, expect, it } from 'vitest';
import { ConnectionFlow } from '../../../src/http/codec/connection-flow.ts';
import type { Connection } from '../../../src/transport/transport.ts';

function flowOn(unsentBytes = 0): { flow: ConnectionFlow; connection: { unsentBytes: number }; log: string[]; watcher: { onHighWatermark(): void; onLowWatermark(): void } } {
  const log: string[] = [];
  const connection = { unsentBytes, pauseReads: () => void log.push('pause'), resumeReads: () => void log.push('resume') };
  const watcher = { onHighWatermark: () => void log.push('high'), onLowWatermark: () => void log.push('low') };
  return { flow: new ConnectionFlow(connection as unknown as Connection, 100), connection, log, watcher };
}

describe('the flow of a connection', () => {
  it('pauses reads once and resumes them with the last of the pauses', () => {
    const { flow, log } = flowOn();
    flow.pause();
    flow.pause();
    flow.resume();
    expect(log).toEqual(['pause']);
    flow.resume();
    flow.resume();
    expect(log).toEqual(['pause', 'resume']);
  });

  it('resumes reads when the stream that paused is over, and its later resumes count for nothing', () => {
    const { flow, log } = flowOn();
    flow.forgetPauses();
    flow.pause();
    flow.pause();
    flow.forgetPauses();
    flow.resume();
    expect(log).toEqual(['pause', 'resume']);
  });

  it('tells the watcher once that more than the limit waits, and once that it has left', () => {
    const { flow, connection, log, watcher } = flowOn(100);
    flow.checkPressure(watcher);
    flow.onDrained(watcher);
    expect(log).toEqual([]);
    connection.unsentBytes = 101;
    flow.checkPressure(watcher);
    flow.checkPressure(watcher);
    expect(log).toEqual(['high']);
    flow.onDrained(watcher);
    flow.onDrained(watcher);
    expect(log).toEqual(['high', 'low']);
  });

  it('tells the watcher of the next stream anew', () => {
    const { flow, log, watcher } = flowOn(101);
    flow.checkPressure(watcher);
    flow.forgetWatermark();
    flow.checkPressure(watcher);
    expect(log).toEqual(['high', 'high']);
  });
});
