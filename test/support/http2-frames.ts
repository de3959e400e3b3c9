/** A frame of HTTP/2 (RFC 9113 §4.1) as latin1 text, for peers that write what no codec would. */
export function frame(type: number, flags: number, id: number, payload = ''): string {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(id, 5);
  return head.toString('latin1') + payload;
}

export function uint32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('latin1');
}
