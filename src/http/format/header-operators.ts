import type { HeaderMap } from '../header-map.ts';
import { headerName } from '../header-name.ts';
import { decodedParameter, percentDecoded } from '../matcher/query-parameters.ts';
import { type FormatContext, type Operator, type OperatorArguments, type OperatorCompiler, textOperator, withParams } from './operator.ts';

type Headers = (context: FormatContext) => HeaderMap | undefined;
type HeaderReader = (headers: HeaderMap) => string | undefined;

const request: Headers = (context) => context.requestHeaders;
const response: Headers = (context) => context.responseHeaders;
const trailers: Headers = (context) => context.responseTrailers;

export const HEADER_OPERATORS: Readonly<Record<string, OperatorCompiler>> = {
  REQ: headerOperator(request),
  REQUEST_HEADER: headerOperator(request),
  RESP: headerOperator(response),
  RESPONSE_HEADER: headerOperator(response),
  TRAILER: headerOperator(trailers),
  RESPONSE_TRAILER: headerOperator(trailers),
  PATH: compilePath,
  QUERY_PARAM: withParams(({ params, length }) => textOperator((context) => queryParam(context, params), length)),
  QUERY_PARAMS: compileQueryParams,
};

/** `%REQ(X?Y):Z%`: the first value of X, or of Y, cut to Z bytes. */
function headerOperator(headers: Headers): OperatorCompiler {
  return withParams(({ params, length }) => {
    const read = compileReader(headers, params);
    return typeof read === 'string' ? read : textOperator(read, length);
  });
}

/** `%REQ_WITHOUT_QUERY(X?Y):Z%`: the same up to the first question mark. */
export function compileReqWithoutQuery({ params, length }: OperatorArguments): Operator | string {
  const read = compileReader(request, params);
  return typeof read === 'string' ? read : textOperator((context) => withoutQuery(read(context)), length);
}

/** Or what is wrong with the names. */
function compileReader(headers: Headers, params: string): ((context: FormatContext) => string | undefined) | string {
  const [main = '', other, ...more] = params.split('?');
  if (more.length > 0) return `More than 1 alternative header specified in token: ${params}`;
  for (const name of [main, other ?? '']) {
    if (!/^:?[\w!#$%&'*+\-.^`|~]*$/.test(name)) return 'Invalid header configuration. Format string contains invalid characters.';
  }
  return readerOf(headers, main, other);
}

function readerOf(headers: Headers, main: string, other: string | undefined): (context: FormatContext) => string | undefined {
  const first = headerReader(main);
  if (other === undefined) {
    return (context) => {
      const map = headers(context);
      return map === undefined ? undefined : first(map);
    };
  }
  const second = headerReader(other);
  return (context) => {
    const map = headers(context);
    return map === undefined ? undefined : first(map) ?? second(map);
  };
}

function headerReader(text: string): HeaderReader {
  const name = text.toLowerCase();
  switch (name) {
    case '':
      return () => undefined;
    case ':method':
      return (headers) => orUndefined(headers.method);
    case ':path':
      return (headers) => orUndefined(headers.path);
    case ':authority':
    case 'host':
      return (headers) => (headers.hasHost || headers.authority !== '' ? headers.authority : undefined);
    case ':scheme':
      return (headers) => orUndefined(headers.scheme);
    case ':status':
      return (headers) => (headers.status === 0 ? undefined : String(headers.status));
    default: {
      const id = headerName(name);
      return (headers) => headers.get(id);
    }
  }
}

function orUndefined(text: string): string | undefined {
  return text === '' ? undefined : text;
}

const currentPath = readerOf(request, ':path', undefined);
const keptPath = readerOf(request, 'x-envoy-original-path', undefined);
const originalPath = (context: FormatContext): string | undefined => keptPath(context) || undefined;
const originalOrCurrentPath = (context: FormatContext): string | undefined => originalPath(context) ?? currentPath(context);

/** `%PATH(WQ|NQ:ORIG|PATH|ORIG_OR_PATH):Z%`. */
function compilePath({ params, length }: OperatorArguments): Operator | string {
  const [query = '', which = ''] = params.split(':');
  if (!['', 'WQ', 'NQ'].includes(query)) return `Invalid PATH option: '${query}', only 'WQ'/'NQ' are allowed`;
  if (!['', 'ORIG', 'PATH', 'ORIG_OR_PATH'].includes(which)) {
    return `Invalid PATH option: '${which}', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed`;
  }
  const whole = which === 'PATH' ? currentPath : which === 'ORIG' ? originalPath : originalOrCurrentPath;
  return textOperator(query === 'NQ' ? (context) => withoutQuery(whole(context)) : whole, length);
}

function withoutQuery(path: string | undefined): string | undefined {
  const mark = path === undefined ? -1 : path.indexOf('?');
  return mark === -1 ? path : path!.substring(0, mark);
}

function queryOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const mark = path.indexOf('?');
  if (mark === -1) return undefined;
  return path.substring(mark + 1);
}

function queryParam(context: FormatContext, wanted: string): string | undefined {
  const query = queryOf(currentPath(context));
  return query === undefined ? undefined : decodedParameter(query, wanted);
}

function compileQueryParams({ params, length }: OperatorArguments): Operator | string {
  if (!['', 'ORIG', 'DECODED'].includes(params)) return `Invalid QUERY_PARAMS option: '${params}', only 'ORIG'/'DECODED' are allowed`;
  const decode = params === 'DECODED';
  return textOperator((context) => {
    const query = queryOf(currentPath(context));
    return query === undefined ? undefined : decode ? urlDecoded(query) : query;
  }, length);
}

/**
 * Envoy's `urlDecodeQueryParameter`: decodes what may stand in a URL and leaves other escapes; a percent sign with two characters
 * after it that is no escape is dropped.
 */
function urlDecoded(text: string): string {
  if (!text.includes('%')) return text;
  let out = '';
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== '%' || at + 2 >= text.length) {
      out += text[at];
      continue;
    }
    const escape = text.substring(at, at + 3);
    if (!/^%[0-9a-fA-F]{2}$/.test(escape)) continue;
    const character = percentDecoded(escape);
    out += /[\x21\x23-\x3b=?-[\]_`a-z~]/.test(character) ? character : escape;
    at += 2;
  }
  return out;
}
