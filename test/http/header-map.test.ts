import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { HeaderMap } from '../../src/http/header-map.ts';
import { H, headerName, HeaderNameSet } from '../../src/http/header-name.ts';
import { HeadParser, STRICT } from '../../src/http/codec/h1-head.ts';

// Interned before anything is parsed, as code and configuration do.
const ACCEPT = headerName('accept');
const NAMES = ['host-a', 'accept', 'x-b', 'user-agent', 'x-forwarded-for', 'zz'];
for (const name of NAMES) headerName(name);

function parse(head: string): HeaderMap {
  const headers = new HeaderMap();
  const bytes = Buffer.from(head, 'latin1');
  expect(new HeadParser().parseRequest(bytes, 0, bytes.length, 100, STRICT, headers)).toBe(bytes.length);
  return headers;
}

describe('HeaderMap', () => {
  const head = 'GET /p?q=1 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nX-Custom: One\r\nAccept: text/html\r\nUser-Agent: t\r\n\r\n';

  it('keeps order, duplicates and values, with names in lower case and Host as authority', () => {
    const headers = parse(head);
    expect([headers.method, headers.path, headers.authority]).toEqual(['GET', '/p?q=1', 'a.example']);
    expect(headers.serialise()).toBe('accept: */*\r\nx-custom: One\r\naccept: text/html\r\nuser-agent: t\r\n');
    expect(headers.getAll(ACCEPT)).toEqual(['*/*', 'text/html']);
    expect(headers.getText('x-custom')).toBe('One');
    expect(headers.size).toBe(4);
  });

  it('does not take a name for another of the same hash and length', () => {
    // 31 * 'a' + '~' = 31 * 'b' + '_'.
    const own = headerName('x-b_c');
    const headers = parse('GET / HTTP/1.1\r\nHost: a\r\nx-a~c: 1\r\n\r\n');
    expect(headers.get(own)).toBeUndefined();
    expect(headers.getText('x-a~c')).toBe('1');
  });

  it('replaces the first line of a name in place and drops the others', () => {
    const headers = parse(head);
    headers.set(ACCEPT, 'image/png');
    expect(headers.serialise()).toBe('accept: image/png\r\nx-custom: One\r\nuser-agent: t\r\n');
  });

  it('adds at the end, also a name that was removed before', () => {
    const headers = parse(head);
    expect(headers.remove(H.userAgent)).toBe(true);
    expect(headers.remove(H.userAgent)).toBe(false);
    headers.add(H.userAgent, 'new');
    headers.addText('x-never-interned', '1');
    expect(headers.serialise()).toBe('accept: */*\r\nx-custom: One\r\naccept: text/html\r\nuser-agent: new\r\nx-never-interned: 1\r\n');
    expect(headers.getText('x-never-interned')).toBe('1');
  });

  it('writes added lines one behind the other, between lines that stay', () => {
    const headers = parse(head);
    headers.setText('x-custom', 'Two');
    headers.set(H.via, '1.1 a');
    headers.addText('x-never-interned-either', '1');
    headers.set(H.server, 's');
    expect(headers.serialise()).toBe('accept: */*\r\nx-custom: Two\r\naccept: text/html\r\nuser-agent: t\r\nvia: 1.1 a\r\nx-never-interned-either: 1\r\nserver: s\r\n');
    headers.set(ACCEPT, 'b');
    expect(headers.serialise()).toBe('accept: b\r\nx-custom: Two\r\nuser-agent: t\r\nvia: 1.1 a\r\nx-never-interned-either: 1\r\nserver: s\r\n');
  });

  it('counts the bytes of names and values, as they are now', () => {
    const headers = parse(head);
    const pseudo = ':methodGET:path/p?q=1:authoritya.example'.length;
    expect(headers.byteSize()).toBe(pseudo + 'accept*/*x-customOneaccepttext/htmluser-agentt'.length);
    headers.set(ACCEPT, 'image/png');
    headers.remove(H.userAgent);
    headers.scheme = 'http';
    expect(headers.byteSize()).toBe(pseudo + ':schemehttp'.length + 'acceptimage/pngx-customOne'.length);
  });

  it('is copied with what was read and what was changed, and goes its own way', () => {
    const headers = parse(head);
    headers.set(ACCEPT, 'image/png');
    headers.add(H.via, '1.1 a');
    const copy = headers.clone();
    headers.remove(H.via);
    copy.remove(H.userAgent);
    expect([copy.method, copy.path, copy.authority, copy.size]).toEqual(['GET', '/p?q=1', 'a.example', 3]);
    expect(copy.serialise()).toBe('accept: image/png\r\nx-custom: One\r\nvia: 1.1 a\r\n');
    expect(headers.serialise()).toBe('accept: image/png\r\nx-custom: One\r\nuser-agent: t\r\n');
  });

  it('removes every line of a set of names', () => {
    const headers = parse(head);
    headers.add(H.via, '1.1 a');
    headers.removeAll(new HeaderNameSet([ACCEPT, H.via]));
    expect(headers.serialise()).toBe('x-custom: One\r\nuser-agent: t\r\n');
    expect(headers.get(H.via)).toBeUndefined();
    headers.removeAll(new HeaderNameSet([H.userAgent]));
    expect(headers.serialise()).toBe('x-custom: One\r\n');
  });

  it('writes lines with unusual white space in canonical form', () => {
    expect(parse('GET / HTTP/1.1\r\nHost:a\r\nA:1\r\nB:  2  \r\nC: 3\r\n\r\n').serialise()).toBe('a: 1\r\nb: 2\r\nc: 3\r\n');
  });

  it('finds a name that is interned only after the head was read', () => {
    const headers = parse('GET / HTTP/1.1\r\nHost: a\r\nX-Late-Name: v\r\n\r\n');
    headerName('x-late-name');
    expect(headers.getText('x-late-name')).toBe('v');
  });

  it('shares nothing with its clone that can change', () => {
    const headers = parse(head);
    const copy = headers.clone();
    copy.set(H.userAgent, 'other');
    copy.removeText('x-custom');
    expect(headers.serialise()).toContain('user-agent: t\r\n');
    expect(headers.getText('x-custom')).toBe('One');
  });

  it('behaves as a plain list of lines under any row of changes', () => {
    const name = fc.constantFrom(...NAMES);
    const change = fc.record({ kind: fc.constantFrom('set', 'add', 'remove', 'setText', 'removeText'), name, value: fc.string({ maxLength: 5, unit: 'grapheme-ascii' }) });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.stringMatching(/^[a-z0-9]{0,6}$/))), fc.array(change), (lines, changes) => {
        const headers = parse(`GET / HTTP/1.1\r\nHost: h\r\n${lines.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`);
        let model = lines.map(([n, v]): [string, string] => [n, v]);
        for (const { kind, name: n, value } of changes) {
          if (kind === 'add') {
            headers.add(headerName(n), value);
            model.push([n, value]);
          } else if (kind === 'remove' || kind === 'removeText') {
            if (kind === 'remove') headers.remove(headerName(n));
            else headers.removeText(n);
            model = model.filter(([m]) => m !== n);
          } else {
            if (kind === 'set') headers.set(headerName(n), value);
            else headers.setText(n, value);
            const first = model.findIndex(([m]) => m === n);
            if (first === -1) model.push([n, value]);
            else model = model.filter(([m], index) => m !== n || index === first).map((line, index) => (index === first ? [n, value] : line));
          }
        }
        expect(headers.serialise()).toBe(model.map(([n, v]) => `${n}: ${v}\r\n`).join(''));
        const seen: [string, string][] = [];
        headers.forEach((n, v) => seen.push([n, v]));
        expect(seen).toEqual(model);
      }),
    );
  });
});
