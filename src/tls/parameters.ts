import { constants } from 'node:crypto';
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';
import type { TlsParameters } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import { TlsParameters_TlsProtocol as Version } from '../api/generated/envoy/extensions/transport_sockets/tls/v3.ts';
import type { CompileContext } from '../core/extension.ts';
import type { ConfigPath } from '../core/problems.ts';

/** `tls_params` in the words of Node and OpenSSL. */
export type Parameters = Pick<SecureContextOptions, 'minVersion' | 'maxVersion' | 'ciphers' | 'ecdhCurve' | 'sigalgs' | 'secureOptions'>;

/** BoringSSL leaves the choice to the client; most put this one first. */
const TLS13_SUITES = 'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256';

/** The default of both sides. */
const DEFAULT_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384',
];
const DEFAULT_CURVES = ['X25519MLKEM768', 'X25519', 'P-256'];

/** What BoringSSL knows, by the name that OpenSSL gives it; both sides' standard names mean the same. */
const CIPHERS: Readonly<Record<string, string>> = {
  'ECDHE-ECDSA-AES128-GCM-SHA256': 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384': 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305': 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256': 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384': 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'ECDHE-RSA-CHACHA20-POLY1305': 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-SHA': 'TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
  'ECDHE-ECDSA-AES256-SHA': 'TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
  'ECDHE-RSA-AES128-SHA': 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA',
  'ECDHE-RSA-AES256-SHA': 'TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA',
  'ECDHE-RSA-AES128-SHA256': 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256',
  'ECDHE-PSK-AES128-CBC-SHA': 'TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA',
  'ECDHE-PSK-AES256-CBC-SHA': 'TLS_ECDHE_PSK_WITH_AES_256_CBC_SHA',
  'AES128-GCM-SHA256': 'TLS_RSA_WITH_AES_128_GCM_SHA256',
  'AES256-GCM-SHA384': 'TLS_RSA_WITH_AES_256_GCM_SHA384',
  'AES128-SHA': 'TLS_RSA_WITH_AES_128_CBC_SHA',
  'AES256-SHA': 'TLS_RSA_WITH_AES_256_CBC_SHA',
};
const CIPHER_BY_STANDARD_NAME = new Map(Object.entries(CIPHERS).map(([name, standard]) => [standard, name]));
/** An older name that BoringSSL still takes. */
const OLD_NAMES = new Map([['ECDHE-ECDSA-CHACHA20-POLY1305-SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'], ['ECDHE-RSA-CHACHA20-POLY1305-SHA256', 'ECDHE-RSA-CHACHA20-POLY1305']]);

const CURVES: Readonly<Record<string, string>> = { X25519: 'X25519', 'P-256': 'P-256', 'P-384': 'P-384', 'P-521': 'P-521', X25519MLKEM768: 'X25519MLKEM768' };

const VERSIONS: Readonly<Record<number, SecureVersion>> = {
  [Version.TLSv1_0]: 'TLSv1',
  [Version.TLSv1_1]: 'TLSv1.1',
  [Version.TLSv1_2]: 'TLSv1.2',
  [Version.TLSv1_3]: 'TLSv1.3',
};

export function compileParameters(message: TlsParameters | undefined, side: 'client' | 'server', at: ConfigPath, context: CompileContext): Parameters {
  const maxVersion = VERSIONS[message?.tlsMaximumProtocolVersion ?? 0] ?? (side === 'server' ? 'TLSv1.3' : 'TLSv1.2');
  const minVersion = VERSIONS[message?.tlsMinimumProtocolVersion ?? 0] ?? 'TLSv1.2';
  const sigalgs = compileSignatureAlgorithms(message?.signatureAlgorithms ?? [], at.field('signature_algorithms'), context);
  return {
    minVersion,
    maxVersion,
    ciphers: [TLS13_SUITES, ...compileCiphers(message?.cipherSuites ?? [], at.field('cipher_suites'), context), ...securityLevel(minVersion)].join(':'),
    ecdhCurve: compileCurves(message?.ecdhCurves ?? [], at.field('ecdh_curves'), context),
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION | constants.SSL_OP_PRIORITIZE_CHACHA,
    ...(sigalgs !== undefined && { sigalgs }),
  };
}

/** Undefined: those of OpenSSL. */
function compileSignatureAlgorithms(names: readonly string[], at: ConfigPath, context: CompileContext): string | undefined {
  if (names.length === 0) return undefined;
  const sigalgs = names.join(':');
  try {
    createSecureContext({ sigalgs });
    return sigalgs;
  } catch {
    context.error(at, `Failed to initialize TLS signature algorithms ${sigalgs}`);
    return undefined;
  }
}

/** OpenSSL speaks these versions on no other level; BoringSSL has no levels. */
function securityLevel(minVersion: SecureVersion): readonly string[] {
  return minVersion === 'TLSv1' || minVersion === 'TLSv1.1' ? ['@SECLEVEL=0'] : [];
}

/** `[A|B]` are equals in BoringSSL: OpenSSL tries them in this order, and takes ChaCha20 where the client puts it first. */
function compileCiphers(suites: readonly string[], at: ConfigPath, context: CompileContext): readonly string[] {
  if (suites.length === 0) return DEFAULT_CIPHERS;
  const names = suites.flatMap((suite) => suite.replace(/^\[|\]$/g, '').split(/[|:]/)).filter((name) => name !== '');
  const unknown = names.filter((name) => cipherOf(name) === undefined);
  if (unknown.length > 0) {
    const tried = `The following ciphers were rejected when tried individually: ${unknown.join(', ')}`;
    context.error(at, `Failed to initialize cipher suites ${suites.join(':')}. ${tried}`);
    return DEFAULT_CIPHERS;
  }
  return names.map((name) => cipherOf(name)!);
}

function cipherOf(name: string): string | undefined {
  return Object.hasOwn(CIPHERS, name) ? name : CIPHER_BY_STANDARD_NAME.get(name) ?? OLD_NAMES.get(name);
}

function compileCurves(curves: readonly string[], at: ConfigPath, context: CompileContext): string {
  const names = curves.length === 0 ? DEFAULT_CURVES : curves;
  if (names.every((name) => Object.hasOwn(CURVES, name))) return names.map((name) => CURVES[name]!).join(':');
  context.error(at, `Failed to initialize ECDH curves ${names.join(':')}`);
  return DEFAULT_CURVES.join(':');
}
