/** Writes the identities of workloads (SPIFFE) beside it: `node test/support/certificates/generate-svids.ts`. */

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { certificate, type CertificateRequest, type Issuer, type Name } from '../certificate-authority.ts';

const write = (file: string, text: string): void => writeFileSync(new URL(file, import.meta.url), text);
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const authority = (file: string, serial: number, parent?: Issuer): Issuer & { readonly text: string } => {
  const key = newKey();
  const subject: Name = [['O', 'Nuncio Tests'], ['CN', file]];
  const text = certificate({ serial, subject, key, authority: true }, parent ?? { subject, key });
  write(`${file}.pem`, text);
  return { subject, key, text };
};

const test = authority('svid-ca', 1);
const other = authority('svid-ca-other', 2);
const between = authority('svid-ca-intermediate', 3, test);

let serial = 0x3000;
const svid = (file: string, uris: readonly string[], { issuer = test, chain = '', ...more }: Partial<CertificateRequest> & { readonly issuer?: Issuer; readonly chain?: string } = {}): void => {
  const key = newKey();
  const alternatives = uris.map((value) => ({ kind: 'uri' as const, value }));
  const request = { serial: ++serial, subject: [['O', 'Nuncio Tests']] as Name, key, keyUsage: 'signature' as const, ...(alternatives.length > 0 && { alternatives }), ...more };
  write(`${file}.pem`, certificate(request, issuer) + chain);
  write(`${file}.key`, key.export({ type: 'pkcs8', format: 'pem' }) as string);
};

svid('svid', ['spiffe://test/workload']);
svid('svid-other', ['spiffe://other/workload'], { issuer: other });
svid('svid-stolen', ['spiffe://test/workload'], { issuer: other });
svid('svid-intermediate', ['spiffe://test/workload'], { issuer: between, chain: between.text });
svid('svid-two', ['spiffe://test/one', 'spiffe://other/two']);
svid('svid-late', ['https://test/', 'spiffe://test/workload']);
svid('svid-no-path', ['spiffe://test']);
svid('svid-none', []);
svid('svid-expired', ['spiffe://test/workload'], { notAfter: '2021-01-01' });
svid('svid-signs', ['spiffe://test/workload'], { keyUsage: 'certificates' });
svid('svid-authority', ['spiffe://test/workload'], { authority: true });
