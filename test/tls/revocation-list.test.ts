import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRevocationLists, revocationFault } from '../../src/tls/revocation-list.ts';
import { CERTIFICATES } from '../support/tls-bootstrap.ts';

const text = (file: string): string => readFileSync(`${CERTIFICATES}listed-${file}`, 'latin1');
const certificate = (name: string): X509Certificate => new X509Certificate(text(`${name}.pem`));
const ROOT = certificate('ca');
const pemOf = (der: Buffer): string => `-----BEGIN X509 CRL-----\n${der.toString('base64')}\n-----END X509 CRL-----\n`;
const derOf = (file: string): Buffer => Buffer.from(text(file).replace(/-----[^-]+-----/g, ''), 'base64');

/** What they say against Envoy is recorded: `test/conformance/cases/tls/leaf-lists.yaml`. */
describe('a revocation list', () => {
  it.each([
    ['2020-12-31T23:59:59Z', 'CRL_NOT_YET_VALID'],
    ['2021-01-01T00:00:00Z', undefined],
    ['2021-12-31T23:59:59Z', undefined],
    ['2022-01-01T00:00:00Z', 'CRL_HAS_EXPIRED'],
  ])('holds from its first second to before its last (%s)', (at, fault) => {
    expect(revocationFault(parseRevocationLists(text('expired.crl'))!, certificate('good'), ROOT, Date.parse(at))).toBe(fault);
  });

  it('is of no use where nobody is known who has signed the certificate', () => {
    expect(revocationFault(parseRevocationLists(text('root.crl'))!, certificate('good'), undefined, Date.parse('2026-01-01'))).toBe('UNABLE_TO_GET_CRL_ISSUER');
  });

  it('that is damaged anywhere is not read, or says nothing good', () => {
    const good = derOf('root.crl');
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const der = Buffer.from(good);
        der[at]! ^= change;
        const lists = parseRevocationLists(pemOf(der));
        expect(lists === undefined || revocationFault(lists, certificate('good'), ROOT, Date.parse('2026-01-01')) !== undefined).toBe(true);
      }),
    );
  });

  it('that is cut short is not read', () => {
    const good = derOf('point.crl');
    for (let length = 0; length < good.length; length++) expect(parseRevocationLists(pemOf(good.subarray(0, length)))).toBeUndefined();
  });
});
