import type { HttpConnectionManager as ManagerMessage } from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import { durationMs } from '../../../core/durations.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import { Timer, type TimerList, type TimerOwner } from '../../../core/timers.ts';
import type { AccessLog, AccessLogType } from '../../../http/access-log.ts';
import { CONTINUE, type FilterStatus, type FilterStream, type HttpFilter } from '../../../http/filter.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import { grantsUpgrade } from './upgrades.ts';

/** Which records are written before a stream's last (`access_log_options`). */
interface EarlyRecordsOptions {
  readonly onNewRequest: boolean;
  readonly onTunnel: boolean;
  readonly interval: TimerList | undefined;
}

/**
 * Stands first in the chain of a manager whose access logs want more than one record a stream: it sees a request when the manager has
 * made of it what it makes of it, and an answer after all other filters.
 */
class EarlyRecords implements HttpFilter {
  readonly #options: EarlyRecordsOptions;
  readonly #logs: readonly AccessLog[];

  constructor(options: EarlyRecordsOptions, logs: readonly AccessLog[]) {
    this.#options = options;
    this.#logs = logs;
  }

  decodeHeaders(stream: FilterStream): FilterStatus {
    if (this.#options.onNewRequest) write(this.#logs, stream, 'DownstreamStart');
    const { interval } = this.#options;
    if (interval !== undefined) stream.state = new PeriodicRecords(stream, this.#logs, interval);
    return CONTINUE;
  }

  encodeHeaders(stream: FilterStream, headers: HeaderMap): FilterStatus {
    if (this.#options.onTunnel && grantsUpgrade(stream.requestHeaders, headers)) write(this.#logs, stream, 'DownstreamTunnelSuccessfullyEstablished');
    return CONTINUE;
  }

  onDestroy(stream: FilterStream): void {
    (stream.state as PeriodicRecords | undefined)?.stop();
  }
}

/** A record each time the interval has passed. */
class PeriodicRecords implements TimerOwner {
  readonly #stream: FilterStream;
  readonly #logs: readonly AccessLog[];
  readonly #interval: TimerList;
  readonly #timer = new Timer(this);

  constructor(stream: FilterStream, logs: readonly AccessLog[], interval: TimerList) {
    this.#stream = stream;
    this.#logs = logs;
    this.#interval = interval;
    interval.arm(this.#timer);
  }

  onTimer(): void {
    this.#interval.arm(this.#timer);
    write(this.#logs, this.#stream, 'DownstreamPeriodic');
  }

  stop(): void {
    this.#timer.disarm();
  }
}

function write(logs: readonly AccessLog[], { info, requestHeaders, responseHeaders }: FilterStream, type: AccessLogType): void {
  const entry = { info, requestHeaders, responseHeaders, responseTrailers: undefined, type };
  for (const log of logs) log.log(entry);
}

/** Undefined when a stream has one record. */
export function compileEarlyRecords(message: ManagerMessage, at: ConfigPath, context: CompileContext, logs: readonly AccessLog[]): HttpFilter | undefined {
  const options = message.accessLogOptions;
  if (options !== undefined && message.flushAccessLogOnNewRequest) {
    context.error(at.field('access_log_options'), 'Only one of flush_access_log_on_new_request or access_log_options can be specified.');
  }
  if (options !== undefined && message.accessLogFlushInterval !== undefined) {
    context.error(at.field('access_log_options'), 'Only one of access_log_flush_interval or access_log_options can be specified.');
  }
  const onNewRequest = options?.flushAccessLogOnNewRequest ?? message.flushAccessLogOnNewRequest;
  const onTunnel = options?.flushLogOnTunnelSuccessfullyEstablished ?? false;
  const intervalMs = durationMs(options?.accessLogFlushInterval ?? message.accessLogFlushInterval);
  if (logs.length === 0 || (!onNewRequest && !onTunnel && intervalMs === undefined)) return undefined;
  return new EarlyRecords({ onNewRequest, onTunnel, interval: intervalMs === undefined ? undefined : context.timers.list(intervalMs) }, logs);
}
