/** Envoy's reason phrases. Node's table would bring all of node:http into every thread. */
const REASONS: Readonly<Record<number, string>> = {
  100: 'Continue',
  101: 'Switching Protocols',
  102: 'Processing',
  200: 'OK',
  201: 'Created',
  202: 'Accepted',
  203: 'Non-Authoritative Information',
  204: 'No Content',
  205: 'Reset Content',
  206: 'Partial Content',
  207: 'Multi-Status',
  208: 'Already Reported',
  226: 'IM Used',
  300: 'Multiple Choices',
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  304: 'Not Modified',
  305: 'Use Proxy',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Payload Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  417: 'Expectation Failed',
  421: 'Misdirected Request',
  422: 'Unprocessable Entity',
  423: 'Locked',
  424: 'Failed Dependency',
  425: 'Too Early',
  426: 'Upgrade Required',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
  506: 'Variant Also Negotiates',
  507: 'Insufficient Storage',
  508: 'Loop Detected',
  510: 'Not Extended',
  511: 'Network Authentication Required',
  599: 'Last Unassigned Server Error Code',
};

/** `Unknown` for codes that Envoy has no name for. */
function reasonPhrase(status: number): string {
  return REASONS[status] ?? 'Unknown';
}

const lines: string[] = [];
for (let status = 100; status < 1000; status++) lines[status] = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;

/** `HTTP/1.1 200 OK\r\n`. */
export function statusLine(status: number, minorVersion: number): string {
  const line = lines[status] ?? `HTTP/1.1 ${status} Unknown\r\n`;
  return minorVersion === 1 ? line : line.replace('HTTP/1.1', 'HTTP/1.0');
}

/** Statuses whose responses have no body and no framing fields (RFC 9110 §6.4.1). */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}

/** Those 1xx that Envoy's codecs give to their streams; others they swallow. */
export function isForwardedInformational(status: number): boolean {
  return status === 100 || status === 102 || status === 103 || status === 104;
}
