import { hkdfSync, randomFillSync } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { DataSource } from '../api/generated/envoy/config/core/v3.ts';
import type { DownstreamTlsContext, TlsSessionTicketKeys } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';
import { readMaterial } from './material.ts';
import type { NamedSecrets } from './named-secrets.ts';

/** Node's cipher and hash for tickets are smaller than Envoy's: what is left over of a key is not used. */
interface TicketKey {
  readonly name: Buffer;
  readonly authenticity: Buffer;
  readonly secrecy: Buffer;
}

/** The keys of one context: the first encrypts, and all decrypt. */
export class TicketKeys {
  readonly #keys: readonly TicketKey[];

  constructor(keys: readonly TicketKey[]) {
    this.#keys = keys;
  }

  /** `renews`: who resumes is given a new ticket, for the next time; else only who shows one of an older key. */
  createContext(options: SecureContextOptions, renews: boolean): SecureContext {
    const [{ name, authenticity, secrecy }] = this.#keys as [TicketKey];
    const context = createSecureContext({ ...options, ticketKeys: Buffer.concat([name, authenticity, secrecy]) });
    const native = context.context as NativeContext;
    if ((renews || this.#keys.length > 1) && native.enableTicketKeyCallback !== undefined) this.#answerForEach(native, renews);
    return context;
  }

  /** Node asks for the key of each ticket that is made or shown. */
  #answerForEach(context: NativeContext, renews: boolean): void {
    const shown = this.#keys.map(({ authenticity, secrecy }, index): KeyAnswer => [index === 0 && !renews ? GOOD : GOOD_BUT_OLD, authenticity, secrecy]);
    context.onticketkeycallback = (name, _iv, encrypts) => (encrypts ? this.#forNew() : shown[this.#keys.findIndex((key) => key.name.equals(name))] ?? NO_KEY);
    context.enableTicketKeyCallback!();
  }

  #forNew(): KeyAnswer {
    const [{ name, authenticity, secrecy }] = this.#keys as [TicketKey];
    return [GOOD, authenticity, secrecy, name, initialisationVectors.next()];
  }
}

/** To ask the system for each costs more than all else that is done for a ticket. */
class InitialisationVectors {
  #bytes = Buffer.alloc(0);
  #at = 0;

  next(): Buffer {
    if (this.#at === this.#bytes.length) {
      this.#bytes = randomFillSync(Buffer.allocUnsafeSlow(VECTORS * PART_BYTES));
      this.#at = 0;
    }
    return this.#bytes.subarray(this.#at, (this.#at += PART_BYTES));
  }
}

const VECTORS = 256;
const PART_BYTES = 16;
const initialisationVectors = new InitialisationVectors();

/** What OpenSSL is told of a ticket: a full handshake; resume; resume and give the client a new one. */
const UNKNOWN = 0;
const GOOD = 1;
const GOOD_BUT_OLD = 2;

type KeyAnswer = readonly [verdict: number, authenticity: Buffer, secrecy: Buffer, name?: Buffer, iv?: Buffer];

/** What is called of Node's contexts beyond their documented API. */
interface NativeContext {
  onticketkeycallback?: (name: Buffer, iv: Buffer, encrypts: boolean) => KeyAnswer;
  enableTicketKeyCallback?(): void;
}

const TICKET_KEY_BYTES = 80;
const NO_KEY: KeyAnswer = [UNKNOWN, Buffer.alloc(PART_BYTES), Buffer.alloc(PART_BYTES)];

/** Undefined where the message gives none, while they have not come, and after reporting what is wrong. */
export function compileTicketKeys({ sessionTicketKeysType: choice }: DownstreamTlsContext, at: ConfigPath, secrets: NamedSecrets, context: CompileContext): TicketKeys | undefined {
  let keys: TlsSessionTicketKeys | undefined;
  let keysAt = at.field('session_ticket_keys');
  if (choice.case === 'sessionTicketKeys') keys = choice.value;
  if (choice.case === 'sessionTicketKeysSdsSecretConfig') {
    keysAt = at.field('session_ticket_keys_sds_secret_config');
    keys = secrets.find(choice.value, 'sessionTicketKeys', keysAt);
  }
  if (keys === undefined) return undefined;
  const compiled = keys.keys.map((source, index) => compileKey(source, keysAt.field('keys').index(index), context));
  return compiled.includes(undefined) ? undefined : new TicketKeys(compiled as TicketKey[]);
}

function compileKey(source: DataSource, at: ConfigPath, context: CompileContext): TicketKey | undefined {
  const bytes = readMaterial(source, at, context)?.bytes;
  if (bytes === undefined) return undefined;
  if (bytes.length !== TICKET_KEY_BYTES) context.error(at, `Incorrect TLS session ticket key length. Length ${bytes.length}, expected length ${TICKET_KEY_BYTES}.`);
  return { name: bytes.subarray(0, 16), authenticity: bytes.subarray(16, 32), secrecy: bytes.subarray(48, 64) };
}

/** The same in all threads; sessions of another context do not fit. */
export function derivedTicketKeys(secret: Uint8Array, sessionIdContext: string): TicketKeys {
  const bytes = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), sessionIdContext, 3 * PART_BYTES));
  return new TicketKeys([{ name: bytes.subarray(0, 16), authenticity: bytes.subarray(16, 32), secrecy: bytes.subarray(32) }]);
}
