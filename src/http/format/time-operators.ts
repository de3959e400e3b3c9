import { DateFormat, hasNewline } from './date-format.ts';
import { type FormatContext, type Operator, type OperatorArguments, type OperatorCompiler, numberOperator, plain, textOperator, withoutLength, withParams } from './operator.ts';

/** A moment of the stream in monotonic milliseconds; undefined while it has not come. */
type TimePoint = (context: FormatContext) => number | undefined;

const at = (ms: number): number | undefined => (ms === 0 ? undefined : ms);

const handshakeEnd: TimePoint = ({ info }) => info.connection.tls?.handshakeEndMs;

/** Envoy tells it to the streams that were under way, and of connections only to those that are no HTTP. */
function connectionEnd({ info }: FormatContext): number | undefined {
  const { connection } = info;
  return connection.stream === info && connection.protocol !== undefined ? undefined : at(connection.endMs ?? 0);
}

/** By Envoy's names. */
const TIME_POINTS: Readonly<Record<string, TimePoint>> = {
  DS_CX_BEG: ({ info }) => at(info.connection.startMs ?? 0),
  DS_CX_END: connectionEnd,
  DS_HS_BEG: ({ info }) => at(info.connection.handshakeStartMs ?? 0),
  DS_HS_END: handshakeEnd,
  DS_RX_BEG: ({ info }) => info.startMs,
  DS_RX_HDR_END: ({ info }) => at(info.requestHeadersEndMs),
  DS_RX_END: ({ info }) => at(info.requestEndMs),
  US_CX_BEG: ({ info }) => at(info.upstreamConnectStartMs),
  US_CX_END: ({ info }) => info.upstreamTls?.handshakeStartMs ?? at(info.upstreamConnectEndMs),
  US_HS_END: ({ info }) => info.upstreamTls?.handshakeEndMs,
  US_TX_BEG: ({ info }) => (info.upstreamBytes === undefined ? undefined : at(info.upstreamPoolReadyMs)),
  US_TX_END: ({ info }) => at(info.upstreamRequestEndMs),
  US_RX_BEG: ({ info }) => at(info.upstreamResponseStartMs),
  US_RX_BODY_BEG: ({ info }) => at(info.upstreamResponseBodyStartMs),
  US_RX_END: ({ info }) => at(info.upstreamResponseEndMs),
  DS_TX_BEG: ({ info }) => at(info.responseStartMs),
  DS_TX_END: ({ info }) => at(info.responseEndMs),
};

const UNITS_PER_MS: Readonly<Record<string, number>> = { ms: 1, us: 1000, ns: 1_000_000 };

export const TIME_OPERATORS: Readonly<Record<string, OperatorCompiler>> = {
  START_TIME: startTime(false),
  START_TIME_LOCAL: startTime(true),
  EMIT_TIME: emitTime(false),
  EMIT_TIME_LOCAL: emitTime(true),
  DURATION: plain(({ clock }) => numberOperator(({ info }) => Math.floor((info.endMs === 0 ? clock.monotonicMs() : info.endMs) - info.startMs))),
  REQUEST_DURATION: between('DS_RX_BEG', 'DS_RX_END'),
  REQUEST_TX_DURATION: between('DS_RX_BEG', 'US_TX_END'),
  RESPONSE_DURATION: between('DS_RX_BEG', 'US_RX_BEG'),
  RESPONSE_TX_DURATION: between('US_RX_BEG', 'DS_TX_END'),
  // Only HTTP/3 tells when the client has all of the answer.
  ROUNDTRIP_DURATION: between('', ''),
  // Envoy counts from where the stream began: a request's is negative.
  DOWNSTREAM_HANDSHAKE_DURATION: plain(() =>
    numberOperator((context) => {
      const endMs = handshakeEnd(context);
      return endMs === undefined ? undefined : Math.trunc(endMs - context.info.startMs);
    }),
  ),
  UPSTREAM_CONNECTION_POOL_READY_DURATION: plain(() => duration(({ info }) => at(info.upstreamRequestStartMs), ({ info }) => at(info.upstreamPoolReadyMs), 1)),
  COMMON_DURATION: withParams(withoutLength(compileCommonDuration)),
};

function startTime(local: boolean): OperatorCompiler {
  return withoutLength(({ params }) => {
    if (hasNewline(params)) return 'Invalid header configuration. Format string contains newline.';
    const format = new DateFormat(params === '' ? defaultPattern(local) : params, local);
    return textOperator(({ info }) => format.format(info.startWallMs));
  });
}

function emitTime(local: boolean): OperatorCompiler {
  return withoutLength(({ params }, { clock }) => {
    if (hasNewline(params)) return 'Invalid header configuration. Format string contains newline.';
    const format = new DateFormat(params === '' ? defaultPattern(local) : params, local);
    return textOperator(() => format.format(clock.wallMs()));
  });
}

function defaultPattern(local: boolean): string {
  return local ? '%Y-%m-%dT%H:%M:%E3S%z' : '%Y-%m-%dT%H:%M:%E3SZ';
}

function between(start: string, end: string): OperatorCompiler {
  return plain(() => duration(timePoint(start), timePoint(end), 1));
}

/** Filters may set time points of their own; none here does, so a name that is not Envoy's has no time. */
function timePoint(name: string): TimePoint {
  return Object.hasOwn(TIME_POINTS, name) ? TIME_POINTS[name]! : () => undefined;
}

/** `%COMMON_DURATION(START:END:PRECISION)%`. */
function compileCommonDuration({ params }: OperatorArguments): Operator | string {
  const [start = '', end, precision = 'ms', ...more] = params.split(':');
  if (end === undefined || more.length > 0) return `Invalid common duration configuration: ${params}.`;
  if (!Object.hasOwn(UNITS_PER_MS, precision)) return `Invalid common duration precision: ${precision}.`;
  return duration(timePoint(start), timePoint(end), UNITS_PER_MS[precision]!);
}

function duration(start: TimePoint, end: TimePoint, unitsPerMs: number): Operator {
  return numberOperator((context) => {
    const startMs = start(context);
    const endMs = end(context);
    return startMs === undefined || endMs === undefined || endMs < startMs ? undefined : Math.floor((endMs - startMs) * unitsPerMs);
  });
}
