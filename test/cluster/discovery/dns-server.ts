import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

export interface Zone {
  readonly a?: readonly string[];
  /** Last group only: `1` is `::1`. */
  readonly aaaa?: readonly string[];
  readonly ttlSeconds?: number;
  /** DNS response code: 2 = SERVFAIL, 3 = NXDOMAIN. */
  readonly rcode?: number;
}

const TYPE_A = 1;
const NXDOMAIN = 3;

/** A name server on loopback that knows a few names; others do not exist. */
export class DnsServer {
  zones: Record<string, Zone> = {};
  /** `A a.test`, in order of arrival. */
  readonly questions: string[] = [];
  readonly #socket: Socket = createSocket('udp4');

  async listen(): Promise<string> {
    this.#socket.on('message', (message, peer) => this.#socket.send(this.#answer(message), peer.port, peer.address));
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at] + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    const name = labels.join('.').toLowerCase();
    const type = query.readUInt16BE(at + 1);
    this.questions.push(`${type === TYPE_A ? 'A' : 'AAAA'} ${name}`);
    const zone = this.zones[name];
    const rcode = zone === undefined ? NXDOMAIN : (zone.rcode ?? 0);
    const values = rcode !== 0 || zone === undefined ? [] : ((type === TYPE_A ? zone.a : zone.aaaa) ?? []);
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | rcode, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(values.length, 6);
    return Buffer.concat([head, query.subarray(12, at + 5), ...values.map((value) => record(type, value, zone?.ttlSeconds ?? 1))]);
  }
}

function record(type: number, value: string, ttlSeconds: number): Buffer {
  const data = type === TYPE_A ? Buffer.from(value.split('.').map(Number)) : Buffer.alloc(16, 0);
  if (type !== TYPE_A) data[15] = Number.parseInt(value, 16);
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(ttlSeconds, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
