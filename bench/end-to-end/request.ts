/** The one request that every load generator sends: a head of about 370 bytes, as a browser's call of an API has it. */
export interface RequestShape {
  readonly host: string;
  readonly path: string;
  /** Ask for the connection to be closed after the answer. */
  readonly close: boolean;
}

const ITEM = 'api/v1/items?id=42';

/** The path of a request below a route's prefix. */
export function pathBelow(prefix: string): string {
  return prefix + ITEM;
}

export function headersOf(shape: RequestShape): Record<string, string> {
  return {
    Host: shape.host,
    'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0',
    Accept: 'application/json,text/html;q=0.9,*/*;q=0.8',
    'Accept-Encoding': 'gzip, deflate, br',
    'Accept-Language': 'en-US,en;q=0.5',
    Authorization: 'Bearer 0123456789abcdef0123456789abcdef',
    Cookie: 'session=0123456789abcdef; theme=dark',
    ...(shape.close ? { Connection: 'close' } : {}),
  };
}

export function requestBytes(shape: RequestShape): Buffer {
  const lines = Object.entries(headersOf(shape)).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`GET ${shape.path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1');
}
