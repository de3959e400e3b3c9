import type { Timers } from '../core/timers.ts';
import { ipAddress } from './address.ts';
import { SelfTestHandshake, SelfTestStarter } from './self-test-tls.ts';
import type { Address, ConnectingOwner, Connection, ListenerSocket, Transport, TransportError } from './transport.ts';

/**
 * Tries on loopback what the direct transport relies on: reads, joined writes, writes that wait, every way to close, TLS.
 * A few milliseconds, once per process; worker threads are told the result.
 */

const TIME_LIMIT_MS = 1000;
/** Small enough to go round quickly, and no divisor of any buffer, so that a shifted or repeated part shows. */
const PATTERN_BYTES = 65_521;
/** No kernel takes this much from a peer that does not read. */
const FLOOD_LIMIT_BYTES = 64 << 20;

/** Resolves with what went wrong, or undefined. Never rejects. */
export async function testTransport(transport: Transport, timers: Timers): Promise<string | undefined> {
  const bench = new Bench(transport);
  const stray = new StrayErrors();
  const limit = new Promise<string>((resolve) => {
    bench.timer = timers.after(TIME_LIMIT_MS, { onTimer: () => resolve(`not finished after ${TIME_LIMIT_MS} ms: ${bench.open()}`) });
  });
  try {
    return await Promise.race([bench.run(), limit, stray.first]);
  } catch (error) {
    return String(error);
  } finally {
    bench.dismantle();
    stray.stop();
  }
}

type Scenario = (bench: Bench) => Promise<void>;

const scenarios: Record<string, Scenario> = {
  async exchange(bench) {
    const { client, server } = await bench.pair();
    client.connection.writeText('head ');
    client.connection.writeText('caf\u00e9 ');
    client.connection.writeBytes(Buffer.from('tail'));
    check(client.connection.unsentBytes === 14, 'small writes are joined');
    await server.until(() => server.received === 14);
    check(server.text === 'head caf\u00e9 tail', 'text arrives as latin1');
    await client.until(() => client.drained === 1);
    check(client.connection.bytesWritten === 14 && server.connection.bytesRead === 14, 'bytes are counted');
    check(client.connection.local.text === server.connection.remote.text, 'addresses are known');
  },

  async backPressure(bench) {
    const { client, server } = await bench.pair();
    server.connection.pauseReads();
    let sent = 0;
    while (client.connection.unsentBytes === 0 && sent < FLOOD_LIMIT_BYTES) {
      client.connection.writeBytes(bench.pattern);
      sent += PATTERN_BYTES;
    }
    check(sent < FLOOD_LIMIT_BYTES, 'writes wait for a peer that does not read');
    client.connection.writeBytes(bench.pattern);
    client.connection.writeText('last');
    sent += PATTERN_BYTES;
    await nextTurn();
    check(client.drained === 0 && server.received === 0, 'nothing moves while reads are paused');
    server.expectPattern(bench.pattern, sent);
    server.connection.resumeReads();
    await client.until(() => client.drained === 1);
    client.connection.endWrites();
    await server.until(() => server.ended);
    check(server.received === sent + 4 && server.isIntact, 'waiting writes arrive whole and in order');
    server.connection.endWrites();
    await client.untilClosed(undefined);
    await server.untilClosed(undefined);
  },

  async lending(bench) {
    const { client, server } = await bench.pair();
    server.relayTo = server.connection;
    client.expectPattern(bench.pattern, PATTERN_BYTES * 4);
    for (let count = 0; count < 4; count++) client.connection.writeBytes(bench.pattern);
    await client.until(() => client.received === PATTERN_BYTES * 4);
    check(client.isIntact, 'lent bytes are sent as they were');
  },

  async lingering(bench) {
    const { client, server } = await bench.pair();
    server.connection.writeText('answer');
    server.connection.closeAfterFlush(TIME_LIMIT_MS);
    await client.until(() => client.text === 'answer');
    client.connection.writeText('discarded');
    await nextTurn();
    check(!client.ended, 'a closing connection waits for its peer');
    client.connection.endWrites();
    await server.untilClosed(undefined);
    check(server.received === 0, 'a closing connection discards');
    await client.until(() => client.ended);
    await client.untilClosed(undefined);
  },

  async resetting(bench) {
    const { client, server } = await bench.pair();
    client.connection.reset();
    check(client.closed === 0, 'closing is reported later');
    await client.untilClosed(undefined);
    await server.until(() => server.ended || server.closed > 0);
    check(!server.ended, 'a reset is no FIN');
    await server.untilClosed('ECONNRESET');
  },

  async securing(bench) {
    const { client, server, handshake } = await secure(bench, true);
    client.connection.writeText('early ');
    await server.until(() => server.connected);
    const { judged } = handshake;
    check(judged?.serverName === 'self-test' && judged.applicationProtocol === 'self-test', 'a handshake tells what was agreed');
    check(judged!.untrusted === undefined && judged!.peerCertificate !== undefined, 'a certificate is checked');
    await server.until(() => server.text === 'early ');
    server.relayTo = server.connection;
    client.expectPattern(bench.pattern, PATTERN_BYTES * 4);
    for (let count = 0; count < 4; count++) client.connection.writeBytes(bench.pattern);
    await client.until(() => client.received === PATTERN_BYTES * 4);
    check(client.isIntact, 'records arrive whole and in order');
    client.connection.endWrites();
    await server.until(() => server.ended);
    server.connection.endWrites();
    await client.untilClosed(undefined);
    await server.untilClosed(undefined);
  },

  async refusing(bench) {
    const { client, server } = await secure(bench, false);
    client.connection.writeText('not for you');
    await server.untilClosed('TLS_FAILED');
    check(!server.connected && server.received === 0, 'a refused peer is heard by nobody');
  },

  async destroying(bench) {
    const { client, server } = await bench.pair();
    client.connection.destroy();
    await client.untilClosed(undefined);
    await server.until(() => server.ended);
    server.connection.destroy();
    await server.untilClosed(undefined);
  },
};

async function secure(bench: Bench, accepts: boolean): Promise<{ client: Probe; server: Probe; handshake: SelfTestHandshake }> {
  const lower = await bench.pair();
  const server = bench.probe();
  const client = bench.probe();
  const handshake = new SelfTestHandshake('server', accepts);
  const serverUpgrade = lower.server.connection.upgrade(server);
  server.connection = serverUpgrade.connection;
  lower.server.connection.owner = new SelfTestStarter(serverUpgrade, handshake);
  const clientUpgrade = lower.client.connection.upgrade(client);
  client.connection = clientUpgrade.connection;
  clientUpgrade.start(new SelfTestHandshake('client'), Buffer.alloc(0));
  return { client, server, handshake };
}

/** What the scenarios share, and what must be gone afterwards. */
class Bench {
  readonly pattern: Buffer = makePattern();
  timer: { disarm(): void } | undefined;
  readonly #transport: Transport;
  readonly #probes: Probe[] = [];
  readonly #unfinished = new Set(Object.keys(scenarios));
  /** By the client's port: the probe that waits for its server. */
  readonly #arrived = new Map<number, Probe>();
  readonly #awaited = new Map<number, (server: Probe) => void>();
  #listener: ListenerSocket | undefined;
  #address: Address = ipAddress('127.0.0.1', 0);
  #isDismantled = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  async run(): Promise<undefined> {
    const options = { backlog: 16, reusePort: false, ipv6Only: false, pipeMode: 0 };
    this.#listener = await this.#transport.listen(this.#address, options, (connection) => this.#accept(connection));
    this.#address = this.#listener.local;
    await Promise.all(Object.entries(scenarios).map(([name, scenario]) => this.#runOne(name, scenario)));
  }

  open(): string {
    return [...this.#unfinished].join(', ');
  }

  async pair(): Promise<{ client: Probe; server: Probe }> {
    const client = this.probe();
    client.connection = this.#transport.connect(this.#address, {}, client);
    await client.until(() => client.connected);
    const { port } = client.connection.local;
    const server = this.#arrived.get(port) ?? (await new Promise<Probe>((resolve) => this.#awaited.set(port, resolve)));
    return { client, server };
  }

  dismantle(): void {
    this.#isDismantled = true;
    this.timer?.disarm();
    for (const probe of this.#probes) probe.connection.destroy();
    void this.#listener?.close();
  }

  async #runOne(name: string, scenario: Scenario): Promise<void> {
    try {
      await scenario(this);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
    this.#unfinished.delete(name);
  }

  #accept(connection: Connection): Probe {
    const probe = this.probe();
    probe.connection = connection;
    const { port } = connection.remote;
    this.#arrived.set(port, probe);
    this.#awaited.get(port)?.(probe);
    if (this.#isDismantled) connection.destroy();
    return probe;
  }

  probe(): Probe {
    const probe = new Probe();
    this.#probes.push(probe);
    return probe;
  }
}

/** One end of a connection under test. */
class Probe implements ConnectingOwner {
  connection!: Connection;
  relayTo: Connection | undefined;
  connected = false;
  ended = false;
  received = 0;
  drained = 0;
  closed = 0;
  error: TransportError | undefined;
  isIntact = true;
  text = '';
  #pattern: Buffer | undefined;
  #patternEnd = 0;
  #waiting: (() => void)[] = [];

  /** What arrives up to `length` must repeat `pattern`. */
  expectPattern(pattern: Buffer, length: number): void {
    this.#pattern = pattern;
    this.#patternEnd = length;
  }

  onConnected(): void {
    this.connected = true;
    this.#wake();
  }

  onBytes(bytes: Buffer, length: number): void {
    if (this.#pattern !== undefined) this.#compare(bytes, length, this.#pattern);
    else if (this.text.length < 100) this.text += bytes.toString('latin1', 0, length);
    this.relayTo?.writeBytes(bytes.subarray(0, length));
    this.received += length;
    this.#wake();
  }

  onEnd(): void {
    this.ended = true;
    this.#wake();
  }

  onClosed(error: TransportError | undefined): void {
    this.closed++;
    this.error = error;
    this.#wake();
  }

  onDrained(): void {
    this.drained++;
    this.#wake();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      if (this.closed > 0) throw new Error(`closed early (${this.error?.code ?? 'no error'})`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async untilClosed(code: string | undefined): Promise<void> {
    await this.until(() => this.closed > 0);
    check(this.closed === 1 && this.error?.code === code, `closed once with ${code ?? 'no error'}, not ${this.error?.code}`);
  }

  #compare(bytes: Buffer, length: number, pattern: Buffer): void {
    let at = 0;
    const end = Math.min(length, this.#patternEnd - this.received);
    while (at < end) {
      const from = (this.received + at) % pattern.length;
      const count = Math.min(pattern.length - from, end - at);
      if (bytes.compare(pattern, from, from + count, at, at + count) !== 0) this.isIntact = false;
      at += count;
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** An error thrown inside Node's callbacks would end the process. Errors of other code still do. */
class StrayErrors {
  readonly first: Promise<string>;
  readonly #listener: (error: Error) => void;

  constructor() {
    let report: (text: string) => void;
    this.first = new Promise((resolve) => (report = resolve));
    this.#listener = (error) => {
      if (!String(error.stack).includes('stream_base_commons')) throw error;
      report(String(error));
    };
    process.on('uncaughtException', this.#listener);
  }

  stop(): void {
    process.off('uncaughtException', this.#listener);
  }
}

/** The sockets are polled in between. */
async function nextTurn(): Promise<void> {
  for (let count = 0; count < 2; count++) await new Promise((resolve) => setImmediate(resolve));
}

function check(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`does not hold: ${promise}`);
}

function makePattern(): Buffer {
  const pattern = Buffer.allocUnsafe(PATTERN_BYTES);
  for (let offset = 0; offset < PATTERN_BYTES; offset++) pattern[offset] = (offset * 31 + (offset >> 8)) & 255;
  return pattern;
}
