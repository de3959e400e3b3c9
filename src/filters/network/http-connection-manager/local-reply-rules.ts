import type {
  LocalReplyConfig,
  ResponseMapper as MapperMessage,
} from '../../../api/generated/envoy/extensions/filters/network/http_connection_manager/v3.ts';
import type { CompileContext } from '../../../core/extension.ts';
import type { ConfigPath } from '../../../core/problems.ts';
import type { AccessLogEntry } from '../../../http/access-log.ts';
import { compileAccessLogFilter } from '../../../http/access-log-filter/compile.ts';
import type { AccessLogFilter } from '../../../http/access-log-filter/filter.ts';
import { compileDataSource } from '../../../http/data-source.ts';
import { compileSubstitutionFormat, type SubstitutionFormat } from '../../../http/format/substitution-format.ts';
import { compileHeaderMutation } from '../../../http/header-mutation.ts';
import type { HeaderMap } from '../../../http/header-map.ts';
import type { HeaderMutation } from '../../../http/route/route.ts';
import type { StreamInfo } from '../../../http/stream-info.ts';

/** A local reply while it is made: filters and formats read it as an access log entry. */
export class ReplyDraft implements AccessLogEntry {
  readonly info: StreamInfo;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap;
  readonly responseTrailers = undefined;
  readonly type = 'NotSet';
  localReplyBody: string;
  contentType = 'text/plain';

  constructor(info: StreamInfo, requestHeaders: HeaderMap | undefined, responseHeaders: HeaderMap, body: string) {
    this.info = info;
    this.requestHeaders = requestHeaders;
    this.responseHeaders = responseHeaders;
    this.localReplyBody = body;
  }
}

/** `local_reply_config`: changes what this proxy answers by itself. The first mapper that matches does; then the body is formatted. */
export class LocalReplyRules {
  readonly #mappers: readonly Mapper[];
  readonly #format: SubstitutionFormat | undefined;

  constructor(mappers: readonly Mapper[], format: SubstitutionFormat | undefined) {
    this.#mappers = mappers;
    this.#format = format;
  }

  apply(draft: ReplyDraft): void {
    draft.info.responseCode = draft.responseHeaders.status;
    const mapper = this.#mappers.find(({ filter }) => filter.matches(draft));
    if (mapper !== undefined) map(draft, mapper);
    const format = mapper?.format ?? this.#format;
    if (format === undefined) return;
    draft.localReplyBody = format.format(draft);
    draft.contentType = format.contentType;
  }
}

interface Mapper {
  readonly filter: AccessLogFilter;
  /** 0: as it was. */
  readonly status: number;
  readonly body: string | undefined;
  readonly headers: HeaderMutation | undefined;
  readonly format: SubstitutionFormat | undefined;
}

function map(draft: ReplyDraft, { status, body, headers }: Mapper): void {
  if (body !== undefined) draft.localReplyBody = body;
  headers?.apply(draft.responseHeaders, draft);
  if (status === 0) return;
  draft.responseHeaders.status = status;
  draft.info.responseCode = status;
}

export function compileLocalReplyRules(message: LocalReplyConfig | undefined, at: ConfigPath, context: CompileContext): LocalReplyRules | undefined {
  if (message === undefined) return undefined;
  const mappers: Mapper[] = [];
  message.mappers.forEach((mapper, index) => {
    const compiled = compileMapper(mapper, at.field('mappers').index(index), context);
    if (compiled !== undefined) mappers.push(compiled);
  });
  const format = message.bodyFormat === undefined ? undefined : compileSubstitutionFormat(message.bodyFormat, at.field('body_format'), context);
  return new LocalReplyRules(mappers, format);
}

function compileMapper(message: MapperMessage, at: ConfigPath, context: CompileContext): Mapper | undefined {
  const { body, bodyFormatOverride: format } = message;
  // A mapper without filter does not pass validation.
  const filter = message.filter === undefined ? undefined : compileAccessLogFilter(message.filter, at.field('filter'), context);
  const mapper = {
    status: message.statusCode ?? 0,
    body: body === undefined ? undefined : compileDataSource(body, { limitBytes: 0, what: 'body' }, at.field('body'), context),
    headers: compileHeaderMutation({ add: message.headersToAdd, addAt: at.field('headers_to_add'), remove: [], removeAt: at }, context),
    format: format === undefined ? undefined : compileSubstitutionFormat(format, at.field('body_format_override'), context),
  };
  return filter === undefined ? undefined : { filter, ...mapper };
}
