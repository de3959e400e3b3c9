import { findHeaderName, headerName } from '../../header-name.ts';

/** What a field's name says about how it is treated. */
export const FieldKind = {
  regular: 0,
  method: 1,
  scheme: 2,
  path: 3,
  authority: 4,
  status: 5,
  protocol: 6,
  /** From here on: regular fields that need a look. */
  cookie: 7,
  host: 8,
  contentLength: 9,
  te: 10,
  underscored: 11,
  /** Not allowed in HTTP/2 (RFC 9113 §8.2): bad characters, upper case, fields of HTTP/1 connections, unknown pseudo-headers. */
  malformed: 12,
} as const;

const KINDS: ReadonlyMap<string, number> = new Map([
  [':method', FieldKind.method],
  [':scheme', FieldKind.scheme],
  [':path', FieldKind.path],
  [':authority', FieldKind.authority],
  [':status', FieldKind.status],
  [':protocol', FieldKind.protocol],
  ['cookie', FieldKind.cookie],
  ['host', FieldKind.host],
  ['content-length', FieldKind.contentLength],
  ['te', FieldKind.te],
  ['connection', FieldKind.malformed],
  ['keep-alive', FieldKind.malformed],
  ['proxy-connection', FieldKind.malformed],
  ['transfer-encoding', FieldKind.malformed],
  ['upgrade', FieldKind.malformed],
]);

/** Characters of a lower-case name (RFC 9110 §5.6.2). */
const NAME_CHARACTER = new Uint8Array(256);
for (const char of "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") NAME_CHARACTER[char.charCodeAt(0)] = 1;

export function kindOfName(name: string): number {
  const known = KINDS.get(name);
  if (known !== undefined) return known;
  if (name === '') return FieldKind.malformed;
  let underscored = false;
  for (let at = 0; at < name.length; at++) {
    const code = name.charCodeAt(at);
    if (NAME_CHARACTER[code] === 0) return FieldKind.malformed;
    if (code === 0x5f) underscored = true;
  }
  return underscored ? FieldKind.underscored : FieldKind.regular;
}

/** No control characters but the tab (RFC 9110 §5.5). */
function isFieldValue(value: string): boolean {
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at);
    if (code < 0x20 ? code !== 9 : code === 0x7f) return false;
  }
  return true;
}

/** A field of a table, with all that reading it again would have to find out. */
export class TableEntry {
  readonly name: string;
  readonly value: string;
  /** Interned, else UNKNOWN_HEADER. */
  id: number;
  readonly nameKind: number;
  /** `nameKind`, or malformed because of the value. */
  readonly kind: number;
  readonly line: string;
  /** What the value says in `:status` (0: nothing) and `content-length` (-2: nothing); else 0. */
  readonly number: number;
  /** Of name and value; in a table ENTRY_OVERHEAD more. */
  readonly bytes: number;

  constructor(name: string, value: string, nameKind: number, id: number) {
    this.name = name;
    this.value = value;
    this.id = id;
    this.nameKind = nameKind;
    this.kind = isFieldValue(value) ? nameKind : FieldKind.malformed;
    this.line = name + ': ' + value + '\r\n';
    this.number = nameKind === FieldKind.status ? statusOf(value) : nameKind === FieldKind.contentLength ? lengthOf(value) : 0;
    this.bytes = name.length + value.length;
  }
}

/** Three digits; 0 for anything else. */
function statusOf(value: string): number {
  return /^[1-9]\d\d$/.test(value) ? Number(value) : 0;
}

/** -2: not a length. */
function lengthOf(value: string): number {
  return /^\d{1,16}$/.test(value) && Number(value) <= Number.MAX_SAFE_INTEGER ? Number(value) : -2;
}

/** RFC 7541 §4.1. */
export const ENTRY_OVERHEAD = 32;

export function idOfName(name: string): number {
  return findHeaderName(name);
}

/** RFC 7541, Appendix A. */
const STATIC = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.split('\n');

function staticEntry(line: string): TableEntry {
  const space = line.indexOf(' ');
  const name = space === -1 ? line : line.slice(0, space);
  // Interned, so that they are found by number like the names that configuration asks for.
  const id = name.startsWith(':') ? 0 : headerName(name);
  return new TableEntry(name, space === -1 ? '' : line.slice(space + 1), kindOfName(name), id);
}

/** By index from 1; [0] stands for none. */
export const staticTable: readonly TableEntry[] = ['', ...STATIC].map(staticEntry);
export const STATIC_ENTRIES = STATIC.length;

/** The first static index of a name, 0 when there is none. */
export const staticIndexOf: ReadonlyMap<string, number> = new Map(staticTable.map((entry, index): [string, number] => [entry.name, index]).reverse());
