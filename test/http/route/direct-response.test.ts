import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileJson, directRoute, find, request, tableOf, type Compiled, type RouteConfigurationJson, streamInfo } from './route-fixture.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'direct-response-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = { GREETING: 'hé' };

function compileBody(body: RouteConfigurationJson, more: RouteConfigurationJson = {}): Compiled {
  const routes = [{ match: { prefix: '/' }, directResponse: { status: 200, body } }];
  return compileJson({ name: 'rc', virtualHosts: [{ name: 'all', domains: ['*'], routes }], ...more }, { environment });
}

const bodyOf = (body: RouteConfigurationJson): string => directRoute(find(compileBody(body).table, '/')).body;
const AT = 'virtual_hosts[0].routes[0].direct_response.body';

describe('the body', () => {
  test('is bytes from the configuration, the environment or a file', () => {
    const filename = join(folder, 'body');
    writeFileSync(filename, Buffer.from([0x68, 0xff]));
    expect(bodyOf({ inlineString: 'hé' })).toBe('h\xc3\xa9');
    expect(bodyOf({ inlineBytes: 'aP8=' })).toBe('h\xff');
    expect(bodyOf({ environmentVariable: 'GREETING' })).toBe('h\xc3\xa9');
    expect(bodyOf({ filename })).toBe('h\xff');
    expect(directRoute(find(tableOf({ match: { prefix: '/' }, directResponse: { status: 204 } }), '/')).body).toBe('');
  });

  test('has at most 4096 bytes', () => {
    expect(compileBody({ inlineString: 'x'.repeat(4096) }).errors).toEqual([]);
    expect(compileBody({ inlineString: 'é'.repeat(2049) }).errors).toEqual([`${AT}.inline_string: response body size is 4098 bytes; maximum is 4096`]);
    const filename = join(folder, 'big');
    writeFileSync(filename, 'x'.repeat(5000));
    expect(compileBody({ filename }).errors).toEqual([`${AT}.filename: file ${filename} size is 5000 bytes; maximum is 4096`]);
  });

  test('max_direct_response_body_size_bytes moves the limit, and 0 lifts it', () => {
    const body = { inlineString: 'x'.repeat(5000) };
    expect(compileBody(body, { maxDirectResponseBodySizeBytes: 5000 }).errors).toEqual([]);
    expect(compileBody(body, { maxDirectResponseBodySizeBytes: 4999 }).errors).toHaveLength(1);
    expect(compileBody(body, { maxDirectResponseBodySizeBytes: 0 }).errors).toEqual([]);
  });

  test('must exist', () => {
    const filename = join(folder, 'none');
    expect(compileBody({ filename }).errors).toEqual([`${AT}.filename: file ${filename} does not exist`]);
    expect(compileBody({ filename: folder }).errors).toEqual([`${AT}.filename: unable to read file ${folder}: EISDIR`]);
    expect(compileBody({ environmentVariable: 'NONE' }).errors).toEqual([`${AT}.environment_variable: Environment variable doesn't exist: NONE`]);
  });
});

test('an answer 201 or 3xx names the URL of the request as its location, no other does', () => {
  const location = (status: number): string | undefined =>
    directRoute(find(tableOf({ match: { prefix: '/' }, directResponse: { status } }), '/x?y')).location(request('/x?y'));
  expect(location(201)).toBe('http://www.example.com/x?y');
  expect(location(304)).toBe('http://www.example.com/x?y');
  expect(location(200)).toBeUndefined();
  expect(location(404)).toBeUndefined();
});

test('a format makes the body from the request', () => {
  const bodyFormat = { textFormatSource: { inlineString: '%REQ(:PATH)% <%LOCAL_REPLY_BODY%>' } };
  const routes = [{ match: { prefix: '/' }, directResponse: { status: 200, body: { inlineString: 'in' }, bodyFormat } }];
  const { table } = compileJson({ name: 'rc', virtualHosts: [{ name: 'all', domains: ['*'], routes }] });
  expect(directRoute(find(table, '/x')).formatBody(request('/x'), streamInfo())).toBe('/x <in>');
});
