import type { DescMessage, Message } from '@bufbuild/protobuf';
import { MessageDescriptor } from './descriptors.ts';
import { toBinary } from './protobuf.ts';

/**
 * Tells whether two messages of one type say the same. Asked when one configuration replaces another, so a message is written out when it is
 * first compared, and not when the process starts.
 */
export class MessageIdentity {
  readonly #schema: DescMessage;
  #message: Message | undefined;
  #written = '';

  /** `beside`: what else must be the same. */
  constructor(schema: DescMessage, message: Message, beside = '') {
    this.#written = beside;
    this.#schema = schema;
    this.#message = message;
  }

  equals(other: MessageIdentity): boolean {
    return this.#text() === other.#text();
  }

  #text(): string {
    if (this.#message !== undefined) {
      this.#written += Buffer.from(toBinary(this.#schema, this.#message)).toString('latin1');
      this.#message = undefined;
    }
    return this.#written;
  }
}

/** What a few small messages say, as text to be compared. In whatever order a configuration has set their fields. */
export function textOfMessages(messages: unknown): string {
  return JSON.stringify(messages, plainValue) ?? '';
}

/** Bytes and 64-bit numbers as text; an Any that was opened remembers the descriptor of what it holds. */
function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof MessageDescriptor) return value.typeName;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}
