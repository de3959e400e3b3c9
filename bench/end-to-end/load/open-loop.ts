import { percentile } from '../arithmetic.ts';
import { requestBytes } from '../request.ts';
import { ClientConnection } from './client-connection.ts';
import type { ClientOwner } from './client-connection.ts';
import { OpenLoopSchedule } from './open-loop-schedule.ts';
import { Pacer } from './pacer.ts';

/** open-loop.ts JSON: a constant rate of requests over keep-alive connections; prints an OpenLoopResult. */
export interface OpenLoopOptions {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly connections: number;
  readonly ratePerSecond: number;
  readonly seconds: number;
  /** Sent before, at the same rate: the generator has to be compiled, too. */
  readonly warmUpSeconds: number;
}

export interface OpenLoopResult {
  /** With the warm-up's. */
  readonly answered: number;
  readonly failed: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** How late the generator itself was to send; part of every latency above. */
  readonly lagP50Us: number;
  readonly lagP99Us: number;
}

/** How long answers may take after the last request was sent. */
const GRACE_MS = 2_000;

class OpenLoop implements ClientOwner {
  readonly #schedule: OpenLoopSchedule;
  readonly #request: Buffer;
  readonly #idle: ClientConnection[] = [];
  readonly #options: OpenLoopOptions;
  readonly #pacer = new Pacer(() => this.#onWake());
  readonly #done: (result: OpenLoopResult) => void;
  readonly #busy = new Set<ClientConnection>();
  #startMs = 0;
  #running = false;
  /** A wake-up has been asked for and has not come. */
  #wakePending = false;
  #ended = false;

  constructor(options: OpenLoopOptions, done: (result: OpenLoopResult) => void) {
    this.#options = options;
    this.#done = done;
    this.#schedule = new OpenLoopSchedule(options.ratePerSecond, options.seconds, options.warmUpSeconds);
    this.#request = requestBytes({ host: options.host, path: options.path, close: false });
    for (let count = 0; count < options.connections; count++) new ClientConnection(options.port, this);
  }

  onOpen(connection: ClientConnection): void {
    this.#idle.push(connection);
    if (this.#running) return this.#sendDue();
    if (this.#idle.length < this.#options.connections) return;
    this.#running = true;
    this.#startMs = performance.now();
    setTimeout(() => this.#end(), (this.#options.seconds + this.#options.warmUpSeconds) * 1000 + GRACE_MS);
    this.#sendDue();
  }

  onResponse(connection: ClientConnection): void {
    this.#busy.delete(connection);
    if (connection.reader.status === 200) this.#schedule.onAnswer(connection.dueUs, this.#nowUs());
    else this.#schedule.onFailure();
    this.#idle.push(connection);
    if (this.#schedule.allAnswered) this.#end();
    else this.#sendDue();
  }

  onClosed(connection: ClientConnection): void {
    if (this.#busy.delete(connection)) this.#schedule.onFailure();
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    if (this.#running) new ClientConnection(this.#options.port, this);
    else this.#end();
  }

  #sendDue(): void {
    while (this.#idle.length > 0 && this.#schedule.nextDueUs <= this.#nowUs()) {
      const connection = this.#idle.pop()!;
      connection.dueUs = this.#schedule.send(this.#nowUs());
      this.#busy.add(connection);
      connection.send(this.#request);
    }
    if (this.#wakePending || this.#idle.length === 0 || this.#schedule.allSent) return;
    this.#wakePending = true;
    this.#pacer.wakeIn(Math.max(0, (this.#schedule.nextDueUs - this.#nowUs()) / 1000));
  }

  #onWake(): void {
    this.#wakePending = false;
    this.#sendDue();
  }

  #nowUs(): number {
    return (performance.now() - this.#startMs) * 1000;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    const { latenciesUs, lagsUs, answered, failed } = this.#schedule.outcome();
    this.#done({
      answered,
      failed,
      p50Us: percentile(latenciesUs, 0.5),
      p99Us: percentile(latenciesUs, 0.99),
      p999Us: percentile(latenciesUs, 0.999),
      maxUs: percentile(latenciesUs, 1),
      lagP50Us: percentile(lagsUs, 0.5),
      lagP99Us: percentile(lagsUs, 0.99),
    });
  }
}

new OpenLoop(JSON.parse(process.argv[2]) as OpenLoopOptions, (result) => {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
});
