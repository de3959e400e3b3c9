/** Writes the certificates beside it: `node test/support/certificates/generate.ts`. Recordings hold their hashes, so they are checked in. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { type Alternative, certificate, type CertificateRequest, type Issuer, type Name, revocationList } from '../certificate-authority.ts';

const write = (file: string, text: string): void => writeFileSync(new URL(file, import.meta.url), text);

const newKey = (kind: 'ec' | 'rsa' | 'rsa1024' | 'p384' = 'ec'): KeyObject => {
  if (kind === 'rsa') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (kind === 'rsa1024') return generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  return generateKeyPairSync('ec', { namedCurve: kind === 'p384' ? 'P-384' : 'P-256' }).privateKey;
};

const keyText = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;

const authority = (file: string, commonName: string, serial: number, parent?: Issuer): Issuer & { readonly text: string } => {
  const key = newKey();
  const subject: Name = [['C', 'US'], ['O', 'Nuncio Tests'], ['CN', commonName]];
  const text = certificate({ serial, subject, key, authority: true }, parent ?? { subject, key });
  write(`${file}.pem`, text);
  return { subject, key, text };
};

const root = authority('ca', 'Test Root', 1);
const other = authority('ca-other', 'Other Root', 2);
const intermediate = authority('ca-intermediate', 'Test Intermediate', 3, root);

type Leaf = Partial<CertificateRequest> & { readonly serial: number; readonly commonName: string; readonly issuer?: Issuer; readonly kind?: 'ec' | 'rsa' | 'rsa1024' | 'p384'; readonly chain?: string };

const leaf = (file: string, { issuer = root, kind = 'ec', chain = '', commonName, ...request }: Leaf): void => {
  const key = newKey(kind);
  const subject: Name = request.subject ?? [['C', 'US'], ['ST', 'California'], ['L', 'San Francisco'], ['O', 'Nuncio Tests'], ['OU', 'Team One, "North"'], ['CN', commonName]];
  write(`${file}.pem`, certificate({ ...request, subject, key }, issuer) + chain);
  write(`${file}.key`, keyText(key));
};

const dns = (...names: string[]): Alternative[] => names.map((value) => ({ kind: 'dns', value }));
const SERVER: Alternative[] = [...dns('example.com', 'www.example.com'), { kind: 'uri', value: 'spiffe://test/server' }, { kind: 'ip', value: '127.0.0.1' }];
const CLIENT: Alternative[] = [
  { kind: 'uri', value: 'spiffe://test/client' },
  ...dns('client.example', 'second.client.example'),
  { kind: 'email', value: 'client@example.com' },
  { kind: 'ip', value: '10.1.2.3' },
  { kind: 'upn', value: 'client@upn.example' },
];

leaf('server', { serial: 0x1001, commonName: 'server', alternatives: SERVER });
leaf('server-rsa', { serial: 0x1002, commonName: 'server-rsa', alternatives: SERVER, kind: 'rsa' });
leaf('server-wildcard', { serial: 0x1003, commonName: 'server-wildcard', alternatives: dns('*.wild.example') });
leaf('server-common-name', { serial: 0x1004, commonName: 'cn.example' });
leaf('server-expired', { serial: 0x1005, commonName: 'server-expired', alternatives: SERVER, notAfter: '2021-01-01' });
leaf('server-other', { serial: 0x1006, commonName: 'server-other', alternatives: dns('other.example') });
leaf('server-untrusted', { serial: 0x1007, commonName: 'server-untrusted', alternatives: SERVER, issuer: other });
leaf('server-small-key', { serial: 0x1008, commonName: 'server-small-key', alternatives: SERVER, kind: 'rsa1024' });
leaf('server-second', { serial: 0x1009, commonName: 'server-second', alternatives: SERVER });
leaf('server-p384', { serial: 0x100a, commonName: 'server-p384', alternatives: SERVER, kind: 'p384' });
leaf('client', { serial: 0x2001, commonName: 'client', alternatives: CLIENT, usage: ['client'] });
leaf('client-plain', { serial: 0x2002, commonName: 'client-plain' });
leaf('client-untrusted', { serial: 0x2003, commonName: 'client-untrusted', alternatives: CLIENT, issuer: other });
leaf('client-expired', { serial: 0x2004, commonName: 'client-expired', alternatives: CLIENT, notAfter: '2021-01-01' });
leaf('client-intermediate', { serial: 0x2005, commonName: 'client-intermediate', alternatives: CLIENT, issuer: intermediate, chain: intermediate.text });
leaf('client-revoked', { serial: 0x2006, commonName: 'client-revoked', alternatives: CLIENT });
leaf('client-server-usage', { serial: 0x2007, commonName: 'client-server-usage', alternatives: CLIENT, usage: ['server'] });
leaf('client-two-uris', { serial: 0x2008, commonName: 'client-two-uris', alternatives: [{ kind: 'uri', value: 'spiffe://test/one' }, { kind: 'uri', value: 'spiffe://test/two' }] });

write('crl.pem', revocationList({ serials: [0x2006] }, root));
