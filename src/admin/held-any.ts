import type { DescMessage, Message } from '@bufbuild/protobuf';
import { toBinary } from '../api/protobuf.ts';
import type { Any } from '@bufbuild/protobuf/wkt';

/** An Any around a message that is at hand: the JSON writer prints the message, nobody serialises it. */
export class HeldAny implements Any {
  readonly $typeName = 'google.protobuf.Any';
  readonly typeUrl: string;
  readonly schema: DescMessage;
  readonly message: Message;

  constructor(schema: DescMessage, message: Message) {
    this.typeUrl = `type.googleapis.com/${schema.typeName}`;
    this.schema = schema;
    this.message = message;
  }

  get value(): Uint8Array {
    return toBinary(this.schema, this.message);
  }
}
