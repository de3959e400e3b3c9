import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { leadsToItsDomain, type TrustDomains, workloadFault } from '../../src/tls/trust-domains.ts';
import { maySignOthers } from '../../src/tls/x509.ts';
import type { TlsSession } from '../../src/transport/tls.ts';

const chain = (name: string): X509Certificate[] =>
  readFileSync(new URL(`../support/certificates/${name}.pem`, import.meta.url), 'latin1')
    .match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----/g)!
    .map((text) => new X509Certificate(text));

const domains: TrustDomains = { authorities: new Map([['test', chain('svid-ca')], ['other', chain('svid-ca-other')]]), text: '', origin: '', identity: '' };
const shown = (...peerChain: X509Certificate[]) => ({ peerChain, resumed: false }) as unknown as TlsSession;

/** OpenSSL has found each of them good: the authorities of both domains are trusted. */
test.each<[string, X509Certificate[], boolean]>([
  ['one of its own authority', chain('svid'), true],
  ['one with what stands between', chain('svid-intermediate'), true],
  ['one without what stands between', chain('svid-intermediate').slice(0, 1), false],
  ['one of another authority', chain('svid-stolen'), false],
  ['one of another authority that shows its own as well', [...chain('svid-stolen'), ...chain('svid-ca')], false],
  ['one of another authority behind a good one', [...chain('svid-stolen'), ...chain('svid-intermediate')], false],
])('%s leads to its domain, or does not', (_what, [leaf, ...others], leads) => {
  expect(workloadFault(domains, leaf!)).toBeUndefined();
  expect(leadsToItsDomain(domains, shown(leaf!, ...others), leaf!)).toBe(leads);
});

test.each(['svid-authority', 'svid-signs', 'client'])('%s may sign others, and is no workload', (name) => {
  expect(workloadFault(domains, chain(name)[0]!)).toBe('cert precheck');
});

test('a damaged certificate is looked at without a throw, and one whose extensions cannot be read may sign others', () => {
  const { raw } = chain('svid')[0]!;
  expect(maySignOthers(raw)).toBe(false);
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.nat(255), fc.nat(raw.length), (at, value, cut) => {
      const damaged = Buffer.from(raw);
      damaged[at] = value;
      expect(typeof maySignOthers(damaged.subarray(0, cut))).toBe('boolean');
    }),
  );
  expect(maySignOthers(raw.subarray(0, 100))).toBe(true);
});
