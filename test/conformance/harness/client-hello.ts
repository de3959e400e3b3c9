/** Makes ClientHellos for cases: enough for an inspector, not for a handshake. */

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const u24 = (value: number): Buffer => Buffer.from([value >> 16, (value >> 8) & 0xff, value & 0xff]);
const block16 = (...parts: readonly Buffer[]): Buffer => {
  const bytes = Buffer.concat(parts);
  return Buffer.concat([u16(bytes.length), bytes]);
};
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([u16(type), block16(body)]);

const serverNames = (names: readonly string[]): Buffer => extension(0, block16(...names.map((name) => Buffer.concat([u8(0), block16(Buffer.from(name, 'latin1'))]))));
const protocols = (names: readonly string[]): Buffer =>
  extension(16, block16(...names.map((name) => Buffer.concat([u8(name.length), Buffer.from(name, 'latin1')]))));

/** TLS 1.3 with one group and a share of zeros. */
const SUPPORTED_VERSIONS = extension(43, Buffer.from([2, 3, 4]));
const GROUPS = extension(10, block16(u16(0x1d)));
const SIGNATURES = extension(13, block16(u16(0x0403)));
const KEY_SHARE = extension(51, block16(u16(0x1d), block16(Buffer.alloc(32, 9))));

/** RFC 8701: what a server must pass over. */
const GREASE = { cipher: u16(0x0a0a), extension: extension(0x1a1a, Buffer.alloc(0)), last: extension(0x2a2a, u8(0)) };

/**
 * `hello sni=a.com alpn=h2,http/1.1 fragment=1 pad=100`, in any order, all of them optional. `sni` and `alpn` may list several; `twice` names an extension (`sni` or `alpn`)
 * that stands twice; `version` is that of the message in hexadecimal; `grease` needs no value; `cut` takes that many bytes from the end.
 */
export const clientHelloText = (text: string): string => {
  const options = new Map(text.split(' ').slice(1).map((option) => option.split('=', 2) as [string, string]));
  const sni = options.get('sni');
  const alpn = options.get('alpn');
  const grease = options.has('grease');
  const times = (name: string): readonly number[] => (options.get('twice') === name ? [1, 2] : [1]);
  const extensions = [
    ...(grease ? [GREASE.extension] : []),
    ...(sni === undefined ? [] : times('sni').map(() => serverNames(sni.split(',')))),
    SUPPORTED_VERSIONS,
    GROUPS,
    SIGNATURES,
    KEY_SHARE,
    ...(alpn === undefined ? [] : times('alpn').map(() => protocols(alpn.split(',')))),
    ...(options.has('pad') ? [extension(21, Buffer.alloc(Number(options.get('pad'))))] : []),
    ...(grease ? [GREASE.last] : []),
  ];
  const body = Buffer.concat([u16(parseInt(options.get('version') ?? '303', 16)), Buffer.alloc(32, 7), u8(0), block16(...(grease ? [GREASE.cipher] : []), u16(0x1301)), u8(1), u8(0), block16(...extensions)]);
  const message = Buffer.concat([u8(1), u24(body.length), body]);
  const size = Number(options.get('fragment') ?? 16_384);
  const records: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    records.push(u8(22), u16(0x0301), block16(message.subarray(at, at + size)));
  }
  const bytes = Buffer.concat(records);
  return bytes.toString('latin1', 0, bytes.length - Number(options.get('cut') ?? 0));
};
