import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { certificatesBetween, issuerOf, pathSent, MAX_CHAIN } from '../../src/tls/chain.ts';
import type { TlsSession } from '../../src/transport/tls.ts';
import { certificate, type Issuer, type Name } from '../support/certificate-authority.ts';

interface Made {
  readonly subject: Name;
  readonly issuer: Issuer;
  readonly x509: X509Certificate;
}

function make(name: string, parent?: Made): Made {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const subject: Name = [['CN', name]];
  const issuer = { subject, key };
  return { subject, issuer, x509: new X509Certificate(certificate({ serial: 1, subject, key, authority: true }, parent?.issuer ?? issuer)) };
}

/** The root, and what it has signed one after the other, the last first. */
function line(length: number): { readonly root: X509Certificate; readonly sent: readonly X509Certificate[] } {
  const made = [make('root')];
  while (made.length <= length) made.push(make(`number ${made.length}`, made.at(-1)));
  return { root: made[0]!.x509, sent: made.slice(1).map(({ x509 }) => x509).reverse() };
}

const session = (peerChain: readonly X509Certificate[]): TlsSession => ({ peerChain }) as TlsSession;

describe('a chain of certificates', () => {
  const { root, sent } = line(MAX_CHAIN + 1);
  /** The peer's certificate is the one that `between` others stand above. */
  const peer = (between: number): readonly X509Certificate[] => sent.slice(-between - 1);

  it.each([0, 1, MAX_CHAIN - 1])('leads to an authority over %i others', (between) => {
    const chain = peer(between);
    expect(certificatesBetween([root], chain[0]!, session(chain))).toBe(between);
  });

  it('is looked at as far as its limit', () => {
    const chain = peer(MAX_CHAIN);
    expect(certificatesBetween([root], chain[0]!, session(chain))).toBeUndefined();
    expect(pathSent(chain[0]!, session(chain))).toHaveLength(MAX_CHAIN);
    const behind = [chain[0]!, ...Array.from({ length: MAX_CHAIN - 1 }, () => root), chain[1]!];
    expect(issuerOf([], chain[0]!, session(behind))).toBeUndefined();
  });

  it('may come in any order, with others among it', () => {
    const stranger = make('stranger').x509;
    const [leaf, ...others] = peer(3);
    expect(certificatesBetween([root], leaf!, session([leaf!, stranger, ...others.reverse()]))).toBe(3);
  });

  it('ends with what has signed itself, and where nobody is above', () => {
    const [leaf, ...others] = peer(3);
    expect(pathSent(leaf!, session([leaf!, ...others, root, root]))).toHaveLength(5);
    expect(pathSent(leaf!, session([leaf!, others[0]!]))).toHaveLength(2);
    expect(pathSent(root, session([root, ...others]))).toHaveLength(1);
  });

  it('is none when names fit and signatures do not', () => {
    const impostor = make('root').x509;
    const [leaf, ...others] = peer(2);
    expect(certificatesBetween([impostor], leaf!, session([leaf!, ...others]))).toBeUndefined();
    expect(issuerOf([impostor], others.at(-1)!, session([others.at(-1)!]))).toBeUndefined();
    expect(issuerOf([impostor, root], others.at(-1)!, session([others.at(-1)!]))).toBe(root);
  });
});
