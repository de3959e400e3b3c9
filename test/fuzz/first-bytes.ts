import { SeededRandom } from '../../src/core/random.ts';
import { PARTIAL, type ProxyHeaderResult, readProxyHeader } from '../../src/filters/listener/proxy-protocol/header.ts';
import { proxyProtocolHeader } from '../../src/http/proxy-protocol.ts';
import { ipAddress } from '../../src/transport/address.ts';
import { ClientHelloReader } from '../../src/transport/client-hello-reader.ts';
import { clientHelloText } from '../conformance/harness/client-hello.ts';
import { below, type Dice, flipped, noise, pick } from '../support/dice.ts';

/** What a connection begins with, right but for a few faults: read whole, and as it comes, it says the same. */

function damaged(dice: Dice, text: string): string {
  let result = text;
  for (let left = below(dice, 4); left > 0 && result !== ''; left--) {
    const at = below(dice, result.length);
    const fault = below(dice, 4);
    if (fault === 0) result = flipped(dice, result);
    else if (fault === 1) result = result.slice(0, at) + noise(dice, 4) + result.slice(at);
    else if (fault === 2) result = result.slice(0, at) + result.slice(at + 1 + below(dice, 8));
    else result = result.slice(0, at);
  }
  return result;
}

const HELLOS = ['sni=a.com', 'sni=a.com alpn=h2,http/1.1', 'alpn=h2', 'sni=A.b.c fragment=1', 'sni=a.com alpn=h2 fragment=7', 'sni=a.com pad=300 fragment=100', ''].map((options) => clientHelloText(`hello ${options}`));
const BEFORE = ['', '', '\x16\x03\x01\0\0', '\x15\x03\x01\0\x02\x01\x5a', '\x80\x0c\x01\x03\x01\0\x03\0\0\0\0\0\0\x2f'];
const HELLO_LIMIT = 600;

export function checkClientHello(seed: number): void {
  const dice = diceOf(seed);
  const bytes = Buffer.from(damaged(dice, pick(dice, BEFORE) + pick(dice, HELLOS)), 'latin1');
  const whole = new ClientHelloReader(HELLO_LIMIT).read(bytes, bytes.length);
  const reader = new ClientHelloReader(HELLO_LIMIT);
  let inPieces: ReturnType<ClientHelloReader['read']>;
  for (let length = 0; inPieces === undefined && length < bytes.length; ) {
    length = Math.min(bytes.length, length + 1 + below(dice, 40));
    inPieces = reader.read(bytes, length);
  }
  if (JSON.stringify(whole) !== JSON.stringify(inPieces)) throw new Error(`${JSON.stringify(whole)} is ${JSON.stringify(inPieces)} in pieces`);
}

const ADDRESSES = [ipAddress('1.2.3.4', 80), ipAddress('255.255.255.255', 65_535), ipAddress('0.0.0.0', 0)];
const LINES = ['PROXY UNKNOWN\r\n', 'PROXY TCP6 ::1 2001:db8::1 1 2\r\n', 'PROXY TCP4 1.2.3.4 1.2.3.5 1 2\r\n', `PROXY TCP4 ${'1'.repeat(120)}\r\n`, 'PROXY UDP4 a b c d\r\n'];
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const BINARY = [`${SIGNATURE}\x20\0\0\0`, `${SIGNATURE}\x21\x21\0\x24${'a'.repeat(36)}`, `${SIGNATURE}\x21\x11\0\x14${'b'.repeat(12)}\x03\0\x05hello`, `${SIGNATURE}\x21\x31\0\xd8${'c'.repeat(216)}`];

export function checkProxyProtocol(seed: number): void {
  const dice = diceOf(seed);
  const made = proxyProtocolHeader(pick(dice, ['v1', 'v2']), pick(dice, ADDRESSES), pick(dice, ADDRESSES)).toString('latin1');
  const bytes = Buffer.from(damaged(dice, pick(dice, [made, made, ...LINES, ...BINARY])) + pick(dice, ['', 'GET / HTTP/1.1\r\n', noise(dice, 20)]), 'latin1');
  const rules = { disallowed: new Set(pick(dice, [[], [], [1], [2]] as const)), allowsAbsence: dice() < 0.3 };
  const whole = readProxyHeader(bytes, bytes.length, rules);
  if (typeof whole === 'object' && 'length' in whole && whole.length > bytes.length) throw new Error('it claims more than there is');
  let inPieces: ProxyHeaderResult = PARTIAL;
  for (let length = 1; inPieces === PARTIAL && length <= bytes.length; length++) inPieces = readProxyHeader(bytes, length, rules);
  if (kindOf(whole) !== kindOf(inPieces)) throw new Error(`${JSON.stringify(whole)} is ${JSON.stringify(inPieces)} in pieces`);
}

/** Of a header that is refused it depends on the reads what is wrong with it first. */
function kindOf(result: ProxyHeaderResult): string {
  return typeof result === 'object' && 'length' in result ? JSON.stringify(result) : result === PARTIAL ? PARTIAL : 'refused';
}

function diceOf(seed: number): Dice {
  const random = new SeededRandom(seed);
  return () => random.unit();
}
