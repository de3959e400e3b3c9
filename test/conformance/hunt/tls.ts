/** TLS on both sides: who is trusted, what is told of whom, and how handshakes fail. */

import type { Dice } from './dice.ts';
import type { Scene } from './scenes.ts';

type Tree = Record<string, unknown>;

const SOCKETS = 'type.googleapis.com/envoy.extensions.transport_sockets';
const file = (name: string): Tree => ({ filename: `{{certificates}}${name}.pem` });

const CLIENTS = ['client', 'client', 'listed-good', 'listed-revoked', 'listed-intermediate', 'listed-intermediate-revoked', 'svid', 'svid-two', 'svid-none', 'svid-intermediate', 'client-intermediate', 'client-plain', 'client-two-uris', 'client-expired', 'client-untrusted', 'client-revoked', 'client-server-usage', undefined, undefined] as const;
const SERVERS = ['server', 'server', 'server-rsa', 'server-second', 'server-wildcard', 'server-other', 'server-expired', 'server-untrusted', 'server-common-name', 'server-p384', 'listed-good', 'listed-revoked', 'listed-intermediate', 'svid-two'] as const;
/** Of `client`, of another of them, and of nobody. */
const HASHES = ['7419c74279c3f04f7a9fc68643d834f8f2ed052ce499edfc45b086c224effdef', '0'.repeat(64)] as const;
const KEYS = ['IagFg8oFF+OqD3Z3jsKFvF4jw3AtepdOQXQBRRj/Z/M=', Buffer.alloc(32).toString('base64')] as const;
const LISTS = ['crl.pem', 'listed-root.crl', 'listed-both.crl', 'listed-expired.crl', 'listed-point-and-any.crl'] as const;
const NAMES = ['spiffe://test/client', 'client.example', 'user@example.com', '10.1.2.3', 'example.com', '*.example.com', 'other.example'] as const;
const XFCC = ['By=spiffe://before;Hash=00', 'by=x;HASH=2;unknown=3', ',,', 'URI=;DNS=a;DNS=b', 'Subject="a,b;c=d"', '"unclosed',  'By=a;Hash=1,By=b;Hash=2', 'URI="a,b";Subject="CN=\\"x\\""', ''] as const;
const CIPHERS = ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-ECDSA-CHACHA20-POLY1305', '[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]'] as const;

const matcher = (dice: Dice): Tree => {
  const name = dice.pick(NAMES);
  return dice.make<Tree>([() => ({ exact: name }), () => ({ prefix: name.slice(0, 4) }), () => ({ suffix: name.slice(-4) }), () => ({ contains: 'e' }), () => ({ exact: name.toUpperCase(), ignore_case: true }), () => ({ safe_regex: { regex: '[a-z.]+' } })]);
};

const names = (dice: Dice): Tree[] => dice.list(1, 2, () => ({ san_type: dice.pick(['URI', 'DNS', 'EMAIL', 'IP_ADDRESS', 'OTHER_NAME']), matcher: matcher(dice) })).map((name) => (name.san_type === 'OTHER_NAME' ? { ...name, oid: '1.3.6.1.4.1.311.20.2.3' } : name));

const validation = (dice: Dice): Tree => ({
  trusted_ca: file(dice.pick(['ca', 'ca', 'ca', 'ca-intermediate', 'ca-other', 'listed-ca', 'svid-ca'])),
  ...dice.some(0.2, {
    crl: () => ({ filename: `{{certificates}}${dice.pick(LISTS)}` }),
    only_verify_leaf_cert_crl: () => dice.chance(0.7),
    verify_certificate_spki: () => dice.list(1, 2, () => dice.pick(KEYS)),
    match_typed_subject_alt_names: () => names(dice),
    verify_certificate_hash: () => dice.list(1, 2, () => dice.pick(HASHES)),
    max_verify_depth: () => dice.pick([0, 1, 2]),
    trust_chain_verification: () => dice.pick(['ACCEPT_UNTRUSTED', 'VERIFY_TRUST_CHAIN']),
  }),
});

const parameters = (dice: Dice): Tree => ({
  ...dice.some(0.3, {
    tls_minimum_protocol_version: () => dice.pick(['TLSv1_2', 'TLSv1_3']),
    cipher_suites: () => dice.list(1, 2, () => dice.pick(CIPHERS)),
    ecdh_curves: () => [dice.pick(['X25519', 'P-256', 'P-384'])],
  }),
  tls_maximum_protocol_version: 'TLSv1_3',
});

const upstreamSocket = (dice: Dice): Tree => {
  const tls = {
    name: 'tls',
    typed_config: {
      '@type': `${SOCKETS}.tls.v3.UpstreamTlsContext`,
      ...dice.some(0.4, { sni: () => dice.pick(['example.com', 'other.example']), auto_host_sni: () => true, auto_sni_san_validation: () => true }),
      common_tls_context: { ...dice.some(0.5, { validation_context: () => validation(dice), tls_params: () => parameters(dice), alpn_protocols: () => ['http/1.1'] }) },
    },
  };
  if (dice.chance(0.7)) return tls;
  return { name: 'proxy', typed_config: { '@type': `${SOCKETS}.proxy_protocol.v3.ProxyProtocolUpstreamTransport`, config: { version: dice.pick(['V1', 'V2']) }, transport_socket: tls } };
};

const upstreamProtocol = (dice: Dice): Tree => ({
  typed_extension_protocol_options: {
    'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
      '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
      ...(dice.chance(0.4) ? { auto_config: {} } : { explicit_http_config: { http_protocol_options: {} } }),
      upstream_http_protocol_options: dice.some(0.6, { auto_sni: () => true, auto_san_validation: () => true, override_auto_sni_header: () => 'x-name' }),
    },
  },
});

const config = (dice: Dice): Tree => ({
  tls: dice.some(0.4, { require_client_certificate: () => dice.chance(0.7), full_scan_certs_on_sni_mismatch: () => true, disable_stateless_session_resumption: () => false }),
  common: {
    ...(dice.chance(0.8) && { validation_context: validation(dice) }),
    ...dice.some(0.3, { alpn_protocols: () => dice.pick([['http/1.1'], ['h2', 'http/1.1']]), tls_params: () => parameters(dice) }),
    ...(dice.chance(0.3) && { tls_certificates: ['server', dice.pick(['server-rsa', 'server-second', 'server-wildcard'])].map((name) => ({ certificate_chain: file(name), private_key: { filename: `{{certificates}}${name}.key` } })) }),
  },
  hcm: {
    forward_client_cert_details: dice.pick(['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET', 'ALWAYS_FORWARD_ONLY']),
    set_current_client_cert_details: dice.some(0.5, { subject: () => dice.chance(0.8), cert: () => true, chain: () => true, dns: () => true, uri: () => true }),
  },
  ...(dice.chance(0.4) && { clusters: { origin: { transport_socket: upstreamSocket(dice), ...(dice.chance(0.5) && upstreamProtocol(dice)) } } }),
});

export const tlsScene = (dice: Dice): Scene => {
  const made = config(dice);
  const upstream = (): Tree => ('clusters' in made ? { origin: { tls: { certificate: dice.pick(SERVERS) } } } : {});
  const client = (): unknown[] => [
    { connect: 'ingress', tls: { name: dice.pick(['example.com', 'second.example', 'a.wild.example', 'nobody.org']), ...dice.some(0.7, { certificate: () => dice.pick(CLIENTS.filter((name) => name !== undefined)) }) } },
    { request: 'GET /', headers: dice.some(0.5, { 'x-forwarded-client-cert': () => dice.pick(XFCC), 'x-name': () => dice.pick(NAMES), host: () => dice.pick(['example.com:8443', 'other.example', '10.0.0.1', '[::1]:1']) }), await: 'none' },
    { pause: 60 },
  ];
  // When an upstream's certificate is refused: it sees the handshake done.
  const ignore = 'clusters' in made ? { ignore: ['upstreams'] } : {};
  return { base: 'tls', config: made, exchange: () => ({ ...ignore, upstreams: upstream(), client: client() }) };
};
