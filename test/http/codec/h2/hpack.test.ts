import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeadFlaw, HeadReader } from '../../../../src/http/codec/h2/head-reader.ts';
import { HpackDecoder } from '../../../../src/http/codec/h2/hpack-decoder.ts';
import { HpackEncoder } from '../../../../src/http/codec/h2/hpack-encoder.ts';
import { RepeatedFields } from '../../../../src/http/codec/h2/repeated-fields.ts';
import { huffmanDecode } from '../../../../src/http/codec/h2/huffman.ts';
import { HeaderMap } from '../../../../src/http/header-map.ts';
import { H, headerName } from '../../../../src/http/header-name.ts';

const lastOf = new WeakMap<HpackDecoder, RepeatedFields>();

/** As a connection reads its heads. */
function read(decoder: HpackDecoder, block: Buffer, maxBytes = 65_536, maxFields = 1000): HeadReader | undefined {
  const head = new HeadReader();
  if (!lastOf.has(decoder)) lastOf.set(decoder, new RepeatedFields());
  head.begin(maxBytes, maxFields, lastOf.get(decoder));
  return decoder.decode(block, 0, block.length, head) ? head : undefined;
}

function lines(decoder: HpackDecoder, hex: string): string {
  const head = read(decoder, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  if (head === undefined) return 'broken';
  const headers = head.finish();
  return `${head.method}${head.status || ''} ${head.scheme} ${head.authority} ${head.path} ${headers.serialise()}`;
}

describe('HPACK', () => {
  it('reads the Huffman coded requests of RFC 7541, Appendix C.4', () => {
    const decoder = new HpackDecoder(4096);
    expect(lines(decoder, '828684418cf1e3c2e5f23a6ba0ab90f4ff')).toBe('GET http www.example.com / ');
    expect(lines(decoder, '828684be5886a8eb10649cbf')).toBe('GET http www.example.com / cache-control: no-cache\r\n');
    expect(lines(decoder, '828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf')).toBe('GET https www.example.com /index.html custom-key: custom-value\r\n');
    expect(decoder.tableBytes).toBe(164);
  });

  it('refuses names and values beyond the limit, before and after decoding', () => {
    const lineOf = (limit: number, hex: string): string => lines(new HpackDecoder(4096, limit), hex);
    const [plain, coded, name] = ['00016103616263', '0001618318c63f', '0003616263016a'];
    expect(lineOf(3, plain)).toContain('a: abc');
    expect(lineOf(2, plain)).toBe('broken');
    expect(lineOf(3, name)).toContain('abc: j');
    expect(lineOf(2, name)).toBe('broken');
    expect(lineOf(4, coded)).toContain('a: aaaa');
    expect(lineOf(3, coded)).toBe('broken');
  });

  it('evicts as the responses of RFC 7541, Appendix C.6 ask', () => {
    const decoder = new HpackDecoder(256);
    expect(lines(decoder, '488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3')).toContain(
      'location: https://www.example.com\r\n',
    );
    expect(decoder.tableBytes).toBe(222);
    expect(lines(decoder, '4883640effc1c0bf')).toContain('date: Mon, 21 Oct 2013 20:13:21 GMT');
    expect(decoder.tableBytes).toBe(222);
  });

  it.each([
    ['an index that no entry has', 'be'],
    ['index 0', '80'],
    ['an integer without end', 'ffffffffffffffffffffff'],
    ['a string longer than the block', '00056162'],
    ['a table larger than was allowed', '3fe21f82'],
    ['a change of the table behind a field', '8220'],
    ['padding of more than seven bits', '0085f2b24a84ff8449509fff'],
    ['padding of zeros', '0085f2b24a84ff83495090'],
    ['the end-of-string code', '0085f2b24a84ff8749509fffffffff'],
  ])('refuses %s', (_what, hex) => {
    expect(lines(new HpackDecoder(4096), hex)).toBe('broken');
  });

  it('wants a lowered limit to be answered first thing in the next block', () => {
    const added = '828684418cf1e3c2e5f23a6ba0ab90f4ff';
    const [obeys, forgets] = [new HpackDecoder(4096), new HpackDecoder(4096)];
    for (const decoder of [obeys, forgets]) {
      expect(lines(decoder, added)).toBe('GET http www.example.com / ');
      decoder.lower(0);
    }
    expect(lines(obeys, '20828684')).toBe('GET http  / ');
    expect(obeys.tableBytes).toBe(0);
    expect(lines(obeys, '3f01828684')).toBe('broken');
    expect(lines(forgets, '828684be')).toBe('broken');
  });

  it('takes no more than its limit out of a block that repeats a large entry', () => {
    const decoder = new HpackDecoder(4096);
    const large = Buffer.concat([Buffer.from([0x40, 1, 0x61, 0x7f, 0x91, 0x1e]), Buffer.alloc(4000, 'b')]);
    const head = new HeadReader();
    head.begin(8192, 100_000);
    const block = Buffer.concat([large, Buffer.alloc(16_000, 0xbe)]);
    expect(decoder.decode(block, 0, block.length, head)).toBe(true);
    expect(head.flaw).toBe(HeadFlaw.tooLarge);
    expect(decoder.tableBytes).toBeLessThanOrEqual(4096);
  });

  const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).filter((text) => !/^(connection|keep-alive|proxy-connection|transfer-encoding|upgrade|te|host|cookie|content-length|accept)$/.test(text));
  const value = fc.stringMatching(/^[!-~][ -~]{0,40}$|^$/);
  const message = fc.array(fc.tuple(fc.oneof(fc.constantFrom('server', 'date', 'content-type', 'etag', 'x-request-id', 'set-cookie'), name), fc.oneof(fc.constantFrom('a', 'b'), value)), { maxLength: 20 });

  it('reads what it writes, whatever the tables have come to hold', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(message, fc.constantFrom(-1, 0, 60, 200, 4096), fc.integer({ min: 9, max: 400 })), { maxLength: 12 }), (messages) => {
        const encoder = new HpackEncoder(4096);
        const decoder = new HpackDecoder(4096);
        for (const [fields, tableSize, room] of messages) {
          if (tableSize !== -1) encoder.setTableSize(tableSize);
          const headers = new HeaderMap();
          headers.status = 200 + (fields.length % 5);
          for (const [fieldName, fieldValue] of fields) headers.addText(fieldName, fieldValue);
          const end = encoder.writeResponse(headers, Buffer.alloc(room), 9);
          const head = read(decoder, Buffer.from(encoder.buffer.subarray(encoder.begin, end)));
          expect(head?.status).toBe(headers.status);
          const got: string[] = [];
          head!.finish().forEach((fieldName, fieldValue) => void got.push(`${fieldName}: ${fieldValue}`));
          const joined = new Set(got.map((line) => line.slice(0, line.indexOf(':'))));
          if (joined.size === got.length && new Set(fields.map(([fieldName]) => fieldName)).size === fields.length) {
            expect(got).toEqual(fields.map(([fieldName, fieldValue]) => `${fieldName}: ${fieldValue}`));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('passes on what it reads, changed or not', () => {
    const field = fc.tuple(fc.constantFrom('server', 'via', 'etag', 'x-new', 'x-own', 'content-length', 'authorization'), fc.constantFrom('1', '22', '333'));
    const response = fc.record({ fields: fc.uniqueArray(field, { maxLength: 4, selector: ([fieldName]) => fieldName }), server: fc.constantFrom('', 'a', 'b') });
    fc.assert(
      fc.property(fc.array(response, { minLength: 2, maxLength: 20 }), (responses) => {
        const [origin, proxy] = [new HpackEncoder(200), new HpackEncoder(100)];
        const [atProxy, atClient] = [new HpackDecoder(4096), new HpackDecoder(4096)];
        const passOn = (headers: HeaderMap, encoder: HpackEncoder, decoder: HpackDecoder): HeaderMap =>
          read(decoder, Buffer.from(encoder.buffer.subarray(0, encoder.writeResponse(headers, encoder.buffer, 0))))!.finish();
        for (const { fields, server } of responses) {
          const headers = new HeaderMap();
          headers.status = 200;
          for (const [fieldName, fieldValue] of fields) headers.addText(fieldName, fieldValue);
          const passed = passOn(headers, origin, atProxy);
          if (server !== '') for (const one of [headers, passed]) one.set(H.server, server);
          expect(passOn(passed, proxy, atClient).serialise()).toBe(headers.serialise());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('sends a value that comes again as one byte', () => {
    const encoder = new HpackEncoder(4096);
    const headers = new HeaderMap();
    headers.status = 200;
    headers.addText('server', 'envoy');
    const sizes = [1, 2, 3].map(() => encoder.writeResponse(headers, encoder.buffer, 0));
    expect(sizes[2]).toBe(2);
  });

  it('reads the same fields again as it read them first', () => {
    const field = fc.constantFrom<[string, string][]>(['x-a', '1'], ['x-a', '2'], ['x-b', 'one'], ['te', 'trailers'], ['cookie', 'a=1'], ['cookie', 'b=2'], ['content-length', '7'], ['x_c', 'c'], ['accept', '*/*']);
    const request = fc.record({ path: fc.constantFrom('/', '/a', '/b'), authority: fc.constantFrom('a', 'b'), fields: fc.uniqueArray(field, { maxLength: 4, selector: ([fieldName]) => fieldName }) });
    fc.assert(
      fc.property(fc.array(request, { minLength: 2, maxLength: 20 }), (requests) => {
        const encoder = new HpackEncoder(200);
        const decoder = new HpackDecoder(4096);
        for (const { path, authority, fields } of requests) {
          const headers = new HeaderMap();
          Object.assign(headers, { method: 'GET', scheme: 'http', path, authority });
          for (const [fieldName, fieldValue] of fields) headers.addText(fieldName, fieldValue);
          const head = read(decoder, Buffer.from(encoder.buffer.subarray(0, encoder.writeRequest(headers, '', encoder.buffer, 0))))!;
          const got: string[] = [];
          const finished = head.finish();
          finished.set(H.xRequestId, 'added to this request only');
          finished.remove(H.te);
          finished.forEach((fieldName, fieldValue) => void got.push(`${fieldName}: ${fieldValue}`));
          const regular = fields.filter(([fieldName]) => fieldName !== 'te' && fieldName !== 'cookie');
          const expected = [...regular, ...fields.filter(([fieldName]) => fieldName === 'cookie'), ['x-request-id', 'added to this request only']];
          expect(got).toEqual(expected.map(([fieldName, fieldValue]) => `${fieldName}: ${fieldValue}`));
          expect([finished.path, finished.authority]).toEqual([path, authority]);
          expect(head.contentLength).toBe(fields.some(([fieldName]) => fieldName === 'content-length') ? 7 : -1);
          expect(head.underscores).toBe(fields.filter(([fieldName]) => fieldName === 'x_c').length);
          const pseudo = 'GET'.length + 'http'.length + path.length + authority.length + ':method:scheme:path:authority'.length;
          expect(head.bytes).toBe(fields.reduce((sum, [fieldName, fieldValue]) => sum + fieldName.length + fieldValue.length, pseudo));
          expect(head.fields).toBe(4 + fields.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('reads the same bytes as another field once the table has changed', () => {
    const decoder = new HpackDecoder(4096);
    expect(lines(decoder, '828684 01 01 61 40 01 62 01 31')).toBe('GET http a / b: 1\r\n');
    expect(lines(decoder, '828684 01 01 61 be')).toBe('GET http a / b: 1\r\n');
    expect(lines(decoder, '828684 01 01 61 be')).toBe('GET http a / b: 1\r\n');
    expect(lines(decoder, '828684 01 01 61 40 01 63 01 32')).toBe('GET http a / c: 2\r\n');
    expect(lines(decoder, '828684 01 01 61 be')).toBe('GET http a / c: 2\r\n');
    expect(lines(decoder, '20 828684 01 01 61 be')).toBe('broken');
  });

  it('knows a name that was interned after the table had it', () => {
    const decoder = new HpackDecoder(4096);
    const [added, indexed, literal] = ['40 05 782d6e6577 01 31', 'be', '00 05 782d6e6577 01 31'].map((field) => `828684 01 01 61 ${field}`) as [string, string, string];
    for (const block of [added, literal, literal, literal, indexed, indexed]) expect(lines(decoder, block)).toContain('x-new: 1');
    const id = headerName('x-new');
    for (const block of [indexed, literal, added]) expect(read(decoder, Buffer.from(block.replaceAll(' ', ''), 'hex'))?.finish().get(id)).toBe('1');
  });

  it('reads literals that come again as it read them first', () => {
    const field = fc.constantFrom('0f0d0131', '0f0d0132', '10 01 61 01 31', '00 01 61 01 31', '40 01 61 01 31', '00 01 61 81 1f', '0f0d820fff', '5f 03 612f62', '0f10 03 612f62');
    const block = fc.array(field, { maxLength: 4 }).map((fields) => Buffer.from(`88${fields.join('').replaceAll(' ', '')}`, 'hex'));
    fc.assert(
      fc.property(fc.array(block, { minLength: 3, maxLength: 30 }), (blocks) => {
        const decoder = new HpackDecoder(100);
        for (const one of blocks) {
          const head = read(decoder, one);
          const first = read(new HpackDecoder(100), one);
          expect(head?.flaw).toBe(first?.flaw);
          if (head?.flaw !== HeadFlaw.none) continue;
          expect([head.contentLength, head.bytes, head.fields, head.finish().serialise()]).toEqual([first!.contentLength, first!.bytes, first!.fields, first!.finish().serialise()]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('adds to the table each time that it is told to', () => {
    const decoder = new HpackDecoder(4096);
    for (const bytes of [34, 68, 102]) {
      expect(lines(decoder, '828684 01 01 61 40 01 62 01 31')).toBe('GET http a / b: 1\r\n');
      expect(decoder.tableBytes).toBe(bytes);
    }
  });

  it('holds a head that comes again to the limits', () => {
    const decoder = new HpackDecoder(4096);
    const block = Buffer.from('828684010161400178023132', 'hex');
    const again = Buffer.from('828684010161be', 'hex');
    const flaw = (bytes: Buffer, maxBytes: number, maxFields: number): number => read(decoder, bytes, maxBytes, maxFields)!.flaw;
    expect(flaw(block, 100, 10)).toBe(HeadFlaw.none);
    expect(flaw(again, 100, 10)).toBe(HeadFlaw.none);
    expect(flaw(again, 40, 10)).toBe(HeadFlaw.tooLarge);
    expect(flaw(again, 100, 4)).toBe(HeadFlaw.tooManyFields);
    expect(flaw(again, 100, 5)).toBe(HeadFlaw.none);
  });

  it('never fails on other bytes, nor keeps more than its table', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (blocks) => {
        const decoder = new HpackDecoder(4096);
        for (const block of blocks) {
          read(decoder, Buffer.from(block));
          expect(decoder.tableBytes).toBeLessThanOrEqual(4096);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('gives text or nothing for any bytes that claim to be Huffman coded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = huffmanDecode(bytes, 0, bytes.length);
        expect(text === undefined || text.length <= (bytes.length * 8) / 5).toBe(true);
      }),
    );
  });
});
