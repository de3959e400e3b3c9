import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Identity } from '../../src/tls/certificate.ts';
import { X509Info } from '../../src/tls/certificate-info.ts';
import type { CommonTls } from '../../src/tls/common.ts';
import { ServerContexts } from '../../src/tls/server-contexts.ts';
import { derivedTicketKeys } from '../../src/tls/ticket-keys.ts';

const NOTHING = Buffer.alloc(0);
const file = (name: string): Buffer => readFileSync(new URL(`../support/certificates/${name}`, import.meta.url));
const CHAIN = file('server.pem');
const KEY = { pem: file('server.key') };

function identity(names: string[], isEcdsa = true): Identity {
  return { der: NOTHING, info: new X509Info(NOTHING), chainText: CHAIN, key: KEY, pfx: undefined, isEcdsa, names, origin: '', statName: '' };
}

/** All show one certificate under different names; what is found is their place in the list. */
function finder(identities: Identity[], fullScan = false): (name: string) => number[] {
  const common: CommonTls = { parameters: {}, identities, rules: undefined, applicationProtocols: [], isReady: true };
  const contexts = new ServerContexts(common, {}, { fullScan, ticketKeys: derivedTicketKeys(NOTHING, ''), renewsTickets: false });
  return (name) => contexts.find(name, true).shown.map((each) => identities.indexOf(each));
}

test('each of 10,000 names is found without going through the others', () => {
  const find = finder(Array.from({ length: 10_000 }, (_, index) => identity([`host-${index}.example.com`])));
  expect(find('host-9999.example.com')).toEqual([9999]);
  expect(find('host-0.example.com')).toEqual([0]);
  expect(find('host-10000.example.com')).toEqual([0]);
});

test('an exact name goes before a wildcard, and a wildcard stands for one label', () => {
  const find = finder([identity(['default']), identity(['*.example.com']), identity(['a.example.com'])]);
  expect(find('a.example.com')).toEqual([2]);
  expect(find('b.example.com')).toEqual([1]);
  expect(find('a.b.example.com')).toEqual([0]);
  expect(find('example.com')).toEqual([0]);
});

test('a name in certificates of both kinds shows both, the ECDSA one first', () => {
  const find = finder([identity(['a'], false), identity(['a']), identity(['a']), identity(['a'], false)]);
  expect(find('a')).toEqual([1, 0]);
});
