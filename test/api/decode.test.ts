import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { create, fromBinary, toBinary, type DescMessage, type JsonObject, type Message } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_DEPTH, decodeMessage, decodeReflected, type DecodeResult } from '../../src/api/decode.ts';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { diceOf, randomMessage } from './random-message.ts';

const messageTypes: DescMessage[] = [...apiTypes].filter((type) => type.kind === 'message');

function decoded<T extends Message>(result: DecodeResult<T>): T {
  if (!result.ok) throw new Error(result.reason);
  return result.message;
}

function reasonOf(result: DecodeResult): string {
  return result.ok ? 'decoded' : result.reason;
}

/** The length-delimited field `number` around bytes or text. */
function field(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content as Uint8Array);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return Buffer.from([...bytes, value]);
}

const BOOTSTRAP = 'envoy.config.bootstrap.v3.Bootstrap';
const node = (content: Uint8Array): Buffer => field(1, content);

describe('decodeMessage', () => {
  it('agrees with fromBinary on random messages of every type', { timeout: 60_000 }, () => {
    const roll = fc.sample(fc.integer(), { numRuns: 1 })[0];
    for (const type of messageTypes) {
      for (let round = 0; round < 3; round++) {
        const seed = roll + round;
        const bytes = toBinary(type, randomMessage(type, diceOf(seed), 3));
        expect(decoded(decodeMessage(type, bytes)), `${type.typeName}, seed ${seed}`).toStrictEqual(fromBinary(type, bytes));
      }
    }
  });

  it('merges repeated occurrences as fromBinary does', { timeout: 60_000 }, () => {
    const roll = fc.sample(fc.integer(), { numRuns: 1 })[0];
    for (const type of messageTypes) {
      const halves = [0, 1].map((part) => toBinary(type, randomMessage(type, diceOf(roll + part), 2)));
      const bytes = new Uint8Array(Buffer.concat(halves));
      expect(decoded(decodeMessage(type, bytes)), `${type.typeName}, seed ${roll}`).toStrictEqual(fromBinary(type, bytes));
    }
  });

  it('takes any bytes without a throw', { timeout: 30_000 }, () => {
    const type = fc.constantFrom(...messageTypes);
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(type, fc.integer(), bytes, fc.nat(), fc.nat(), (schema, seed, noise, position, cut) => {
        const valid = toBinary(schema, randomMessage(schema, diceOf(seed), 2));
        valid.set(noise.subarray(0, Math.max(0, valid.length - (position % (valid.length + 1)))), position % (valid.length + 1));
        for (const input of [noise, valid, valid.subarray(0, cut % (valid.length + 1))]) {
          const result = decodeMessage(schema, input);
          // Fields that proto2 requires may be missing.
          if (result.ok && schema.file.proto.syntax === 'proto3') toBinary(schema, result.message);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps unknown fields and tells where they are', () => {
    const cluster = Buffer.concat([field(1, 'web'), field(999, 'new')]);
    const bytes = new Uint8Array(Buffer.concat([node(Buffer.concat([field(77, 'x'), field(78, 'y')])), field(2, field(2, cluster))]));
    const result = decodeMessage(BOOTSTRAP, bytes);
    expect(result.ok && result.unknownFields).toEqual([
      { path: 'node', typeName: 'envoy.config.core.v3.Node', parents: [BOOTSTRAP], numbers: [77, 78] },
      {
        path: 'static_resources.clusters[0]',
        typeName: 'envoy.config.cluster.v3.Cluster',
        parents: [BOOTSTRAP, `${BOOTSTRAP}.StaticResources`],
        numbers: [999],
      },
    ]);
    expect(Buffer.from(toBinary(schemaOf(BOOTSTRAP), decoded(decodeMessage(BOOTSTRAP, bytes))))).toEqual(Buffer.from(bytes));
  });

  it('names map entries and oneof members in paths', () => {
    const schema = schemaOf('envoy.config.core.v3.Metadata');
    const any = Buffer.concat([field(1, 'type.googleapis.com/a.B'), field(50, '')]);
    const entry = Buffer.concat([field(1, 'a "key"'), field(2, any)]);
    const result = decodeMessage(schema as unknown as DescMessage, field(2, entry));
    expect(result.ok && result.unknownFields.map(({ path }) => path)).toEqual(['typed_filter_metadata["a \\"key\\""]']);
    const address = decodeMessage('envoy.config.core.v3.Address', field(1, field(60, '')));
    expect(address.ok && address.unknownFields.map(({ path }) => path)).toEqual(['socket_address']);
  });

  it('reports unknown fields of messages that became plain values', () => {
    const limit = Buffer.concat([Buffer.from([8, 5]), field(9, 'x')]);
    const result = decodeMessage('envoy.config.cluster.v3.Cluster', field(5, limit));
    expect(result).toMatchObject({
      ok: true,
      message: { perConnectionBufferLimitBytes: 5 },
      unknownFields: [{ path: '', typeName: 'google.protobuf.UInt32Value', numbers: [9] }],
    });
  });

  it('counts a known number with another wire type as unknown', () => {
    const result = decodeMessage('envoy.config.core.v3.Node', Uint8Array.of(8, 5));
    expect(result).toMatchObject({ ok: true, message: { id: '' }, unknownFields: [{ numbers: [1] }] });
  });

  it('reads lists of numbers packed and one by one', () => {
    const number = schemaOf('envoy.config.route.v3.RetryPolicy').field.retriableStatusCodes.number;
    const bytes = Buffer.concat([field(number, Buffer.concat([varint(500), varint(503)])), varint(number << 3), varint(429)]);
    expect(decoded(decodeMessage('envoy.config.route.v3.RetryPolicy', bytes)).retriableStatusCodes).toEqual([500, 503, 429]);
  });

  it('takes keys of JSON objects as data, whatever they are called', () => {
    const schema = schemaOf('envoy.config.core.v3.Node');
    const metadata = JSON.parse('{"__proto__": {"a": 1}, "$typeName": "x", "constructor": null}') as JsonObject;
    const bytes = new Uint8Array(Buffer.concat([toBinary(schema, create(schema, { metadata })), field(500, 'unknown')]));
    const result = decodeMessage('envoy.config.core.v3.Node', bytes);
    expect(JSON.stringify(decoded(result).metadata)).toBe(JSON.stringify(metadata));
    expect(Object.getPrototypeOf(decoded(result).metadata)).toBe(Object.prototype);
  });

  it('gives Uint8Arrays for bytes, also from a Buffer', () => {
    const any = field(2, Buffer.from([1, 2, 3]));
    expect(decoded(decodeMessage('google.protobuf.Any', any)).value.constructor).toBe(Uint8Array);
  });

  it('refuses what the bytes cannot mean', () => {
    const refused: Record<string, Uint8Array> = {
      'a message is longer than what holds it': Buffer.from([0x0a, 0x7f, 1]),
      'a field is longer than its message': Buffer.concat([Buffer.from([0x0a, 3, 0x0a, 6]), Buffer.from('abcdef')]),
      'a string is not UTF-8': node(field(1, Buffer.from([0xed, 0xa0, 0x80]))),
      'a field has the number 0': Buffer.from([0x02, 0]),
      'an illegal tag': Buffer.from([0x0f]),
      'a group does not end': Buffer.from([0x83, 0x06]),
      'a number is longer than ten bytes': Buffer.concat([varint(500 << 3), Buffer.alloc(10, 0xff), Buffer.of(1)]),
      'the bytes end early': field(1, Buffer.from([0x0a, 100])),
    };
    for (const [reason, bytes] of Object.entries(refused)) expect(reasonOf(decodeMessage(BOOTSTRAP, bytes))).toContain(reason);
    expect(reasonOf(decodeMessage('envoy.nothing.v3.Nothing', new Uint8Array(0)))).toContain('there is no message type');
  });

  it('refuses nesting at the depth where Envoy does', () => {
    const metadata = (levels: number): Buffer => {
      let value: Buffer = Buffer.from([32, 1]);
      let struct: Buffer = Buffer.alloc(0);
      for (let level = 0; level < levels; level++) {
        struct = field(1, Buffer.concat([field(1, 'k'), field(2, value)]));
        value = field(5, struct);
      }
      return node(field(3, struct));
    };
    expect(reasonOf(decodeMessage(BOOTSTRAP, metadata(33)))).toBe('decoded');
    expect(reasonOf(decodeMessage(BOOTSTRAP, metadata(34)))).toContain(`more than ${MAX_DEPTH} messages in one another`);
    expect(reasonOf(decodeMessage(BOOTSTRAP, metadata(500)))).toContain(`more than ${MAX_DEPTH} messages in one another`);
    const groups = (levels: number): Buffer => Buffer.from([...Array(levels).fill([0x83, 6]), ...Array(levels).fill([0x84, 6])].flat());
    expect(reasonOf(decodeMessage(BOOTSTRAP, groups(MAX_DEPTH)))).toBe('decoded');
    expect(reasonOf(decodeMessage(BOOTSTRAP, groups(MAX_DEPTH + 1)))).toContain('in one another');
  });

  it('gives the same without generated code', () => {
    const roll = fc.sample(fc.integer(), { numRuns: 1 })[0];
    for (const type of messageTypes.filter((_, index) => index % 20 === 0)) {
      const bytes = toBinary(type, randomMessage(type, diceOf(roll), 2));
      expect(decodeReflected(type, bytes), `${type.typeName}, seed ${roll}`).toStrictEqual(decodeMessage(type, bytes));
    }
    expect(decodeReflected(schemaOf(BOOTSTRAP) as unknown as DescMessage, Uint8Array.of(0x0a, 0x7f))).toMatchObject({ ok: false });
  });

  it('works where the process forbids generated code', () => {
    const module = new URL('../../src/api/decode.ts', import.meta.url);
    const script = `
      const { decodeMessage } = await import(${JSON.stringify(module.href)});
      let generates = true;
      try { new Function('') } catch { generates = false }
      console.log(JSON.stringify([generates, decodeMessage('envoy.config.core.v3.Node', Buffer.from('0a0161f2030178', 'hex'))]));`;
    const args = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
    const output = execFileSync(process.execPath, args, { cwd: fileURLToPath(new URL('../..', import.meta.url)) });
    const [generates, result] = JSON.parse(output.toString()) as [boolean, Record<string, unknown>];
    expect(generates).toBe(false);
    expect(result).toMatchObject({ ok: true, message: { id: 'a' }, unknownFields: [{ path: '', numbers: [62] }] });
  });
});
