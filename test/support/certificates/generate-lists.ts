/** Writes an authority, what it has signed, and lists of what it has revoked beside it: `node test/support/certificates/generate-lists.ts`. */

import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { certificate, type CertificateRequest, type Issuer, type ListRequest, type Name, revocationList } from '../certificate-authority.ts';

const write = (file: string, text: string): void => writeFileSync(new URL(`listed-${file}`, import.meta.url), text);
const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

const authority = (file: string, serial: number, request: Partial<CertificateRequest> = {}, parent?: Issuer): Issuer & { readonly text: string } => {
  const key = newKey();
  const subject: Name = [['O', 'Nuncio Tests'], ['CN', file]];
  const text = certificate({ serial, subject, key, authority: true, ...request }, parent ?? { subject, key });
  write(`${file}.pem`, text);
  return { subject, key, text };
};

const POINT = 'http://lists.example/one';
const root = authority('ca', 1, { subjectKeyId: 'root' });
const between = authority('ca-intermediate', 2, {}, root);
const unfit = authority('ca-signs-no-lists', 3, { keyUsage: 'certificates only' }, root);
/** Says it is the root, and is not. */
const impostor: Issuer = { subject: root.subject, key: newKey() };

const leaf = (file: string, serial: number, issuer: Issuer, chain = '', request: Partial<CertificateRequest> = {}): void => {
  const key = newKey();
  write(`${file}.pem`, certificate({ serial, subject: [['CN', file]], key, alternatives: [{ kind: 'dns', value: 'example.com' }], ...request }, issuer) + chain);
  write(`${file}.key`, key.export({ type: 'pkcs8', format: 'pem' }) as string);
};

leaf('good', 0x81, root);
leaf('revoked', 0x82, root);
leaf('with-point', 0x83, root, '', { distributionPoint: POINT });
leaf('intermediate', 0x84, between, between.text);
leaf('intermediate-revoked', 0x85, between, between.text);
leaf('unfit', 0x86, unfit, unfit.text);
leaf('revoked-and-expired', 0x82, root, '', { notAfter: '2021-01-01' });

/** Several lists in one file. */
const lists = (file: string, ...texts: string[]): void => write(`${file}.crl`, texts.join(''));
const list = (request: ListRequest, issuer: Issuer = root): string => revocationList(request, issuer);
const serials = [0x82];

const ofRoot = list({ serials });
const ofBetween = list({ serials: [0x85] }, between);
const older = list({ serials: [0x81], thisUpdate: '2020-06-01' });
const expired = list({ serials, nextUpdate: '2022-01-01' });
const critical = list({ serials, critical: 'list' });
const forged = list({ thisUpdate: '2022-01-01' }, impostor);
const otherKey = list({ serials: [0x81, 0x82], thisUpdate: '2022-01-01', authorityKeyId: 'else' }, impostor);
const ofPoint = list({ serials, scope: { point: POINT } });

lists('root', ofRoot);
lists('without-end', list({ nextUpdate: null }));
lists('intermediate', ofBetween);
lists('both', ofRoot, ofBetween);
lists('expired', expired);
lists('expired-and-good', expired, ofRoot);
lists('early', list({ serials, thisUpdate: '2110-01-01' }));
lists('forged', forged);
lists('forged-is-newer', ofRoot, forged);
lists('older-first', older, ofRoot);
lists('older-last', ofRoot, older);
lists('other-key', otherKey);
lists('other-key-and-own', otherKey, list({ serials, authorityKeyId: 'root' }));
lists('critical', critical);
lists('critical-entry', list({ serials, critical: 'entry' }));
lists('critical-and-good', critical, ofRoot);
lists('users', list({ serials, scope: { only: 'users' } }));
lists('authorities', list({ serials, scope: { only: 'authorities' } }));
lists('attributes', list({ serials, scope: { only: 'attributes' } }));
lists('indirect', list({ serials, scope: { indirect: true } }));
lists('point', ofPoint);
lists('point-and-any', ofPoint, ofRoot);
lists('unfit', list({}, unfit));
