import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import type { AccessLog, AccessLogEntry } from './access-log.ts';
import { ACCESS_LOG_FILES, type RecordSink, type StandardStream } from './access-log-files.ts';
import { compileTextFormat, type Format } from './format/format.ts';

/** What Envoy writes where no format is given. */
const DEFAULT_FORMAT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% ' +
  '%DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" ' +
  '"%UPSTREAM_HOST%"\n';

export function compileDefaultFormat(at: ConfigPath, context: CompileContext): Format | undefined {
  return compileTextFormat(DEFAULT_FORMAT, '-', at, context);
}

/** A log that writes a line for each record. */
export class FormattedAccessLog implements AccessLog {
  readonly #format: Format;
  readonly #sink: RecordSink;

  constructor(format: Format, sink: RecordSink) {
    this.#format = format;
    this.#sink = sink;
  }

  log(entry: AccessLogEntry): void {
    this.#sink.write(this.#format.format(entry));
  }
}

/** Undefined after what is wrong has been reported: `format` failed, or the file cannot be opened. */
export function openFormattedAccessLog(format: Format | undefined, target: string | StandardStream, at: ConfigPath, context: CompileContext): AccessLog | undefined {
  if (format === undefined) return undefined;
  const sink = context.service(ACCESS_LOG_FILES).open(target);
  if (typeof sink !== 'string') return new FormattedAccessLog(format, sink);
  context.error(at, sink);
  return undefined;
}
