import { fields, ignored, only, refused, type SupportTable } from '../config/support.ts';

const TLS = 'envoy.extensions.transport_sockets.tls.v3';
const NO_PROVIDERS = 'certificates come from files, inline data, the environment and static secrets';
const FILES_ONLY = "secrets come from files (path_config_source) and, without sds_config, from the bootstrap's static_resources.secrets";
const NO_STAPLING = 'Node.js staples no OCSP response that comes from a configuration';

/** What TLS takes of Envoy's API. */
export const tlsSupport: SupportTable = {
  [`${TLS}.DownstreamTlsContext`]: {
    ...fields('common_tls_context require_client_certificate session_ticket_keys session_ticket_keys_sds_secret_config'),
    ...fields('disable_stateless_session_resumption session_timeout full_scan_certs_on_sni_mismatch prefer_client_ciphers'),
    require_sni: ignored('Envoy does not read it'),
    disable_stateful_session_resumption: ignored('sessions are resumed by tickets alone'),
    ocsp_staple_policy: only(['LENIENT_STAPLING', 'STRICT_STAPLING'], `${NO_STAPLING}, so none can be required`),
  },
  [`${TLS}.UpstreamTlsContext`]: {
    ...fields('common_tls_context sni auto_host_sni auto_sni_san_validation max_session_keys'),
    allow_renegotiation: only([false], 'Node.js refuses renegotiation'),
    enforce_rsa_key_usage: ignored('OpenSSL always looks at the key usage of RSA certificates'),
  },
  [`${TLS}.CommonTlsContext`]: {
    ...fields('tls_params tls_certificates tls_certificate_sds_secret_configs validation_context validation_context_sds_secret_config'),
    ...fields('combined_validation_context alpn_protocols'),
    tls_certificate_provider_instance: refused(NO_PROVIDERS),
    custom_tls_certificate_selector: refused('certificates are chosen by their names'),
    custom_handshaker: refused('handshakes are those of Node.js'),
    key_log: refused('keys are not logged; --tls-keylog of Node.js does so for the whole process'),
  },
  [`${TLS}.CommonTlsContext.CombinedCertificateValidationContext`]: fields('default_validation_context validation_context_sds_secret_config'),
  [`${TLS}.TlsParameters`]: {
    ...fields('tls_minimum_protocol_version tls_maximum_protocol_version cipher_suites ecdh_curves signature_algorithms'),
    compliance_policies: refused('OpenSSL has no such policies; name the ciphers and curves in tls_params instead'),
  },
  [`${TLS}.TlsCertificate`]: {
    ...fields('certificate_chain private_key pkcs12 password watched_directory'),
    private_key_provider: refused('keys are used by OpenSSL itself'),
    ocsp_staple: refused(NO_STAPLING),
    signed_certificate_timestamp: ignored('Envoy does not read it'),
    tls_params: refused('parameters are those of the context: name them there'),
  },
  [`${TLS}.TlsSessionTicketKeys`]: fields('keys'),
  [`${TLS}.SdsSecretConfig`]: fields('name sds_config'),
  'envoy.config.core.v3.ConfigSource': {
    ...fields('path path_config_source resource_api_version'),
    authorities: ignored('they are for names of xDS-TP'),
    api_config_source: refused(FILES_ONLY),
    ads: refused(FILES_ONLY),
    self: refused(FILES_ONLY),
    initial_fetch_timeout: ignored('a file is read at once'),
  },
  'envoy.config.core.v3.PathConfigSource': fields('path watched_directory poll_interval'),
  [`${TLS}.Secret`]: fields('name tls_certificate session_ticket_keys validation_context generic_secret'),
  [`${TLS}.GenericSecret`]: { ...fields('secret'), secrets: ignored('nothing here reads several secrets of one name') },
  'envoy.extensions.formatter.generic_secret.v3.GenericSecret': fields('secret_configs'),
  'envoy.extensions.formatter.file_content.v3.FileContent': {},
  [`${TLS}.CertificateValidationContext`]: {
    ...fields('trusted_ca watched_directory verify_certificate_spki verify_certificate_hash match_typed_subject_alt_names match_subject_alt_names'),
    ...fields('crl only_verify_leaf_cert_crl trust_chain_verification max_verify_depth'),
    ca_certificate_provider_instance: refused(NO_PROVIDERS),
    system_root_certs: refused('Envoy does not look at it and trusts anybody: name the bundle of the system in trusted_ca'),
    require_signed_certificate_timestamp: ignored('Envoy does not read it'),
    allow_expired_certificate: only([false], 'Node.js tells only the last fault of a chain, so that an expired one could hide another: renew it, or pin it by verify_certificate_spki without a trusted_ca'),
    ...fields('custom_validator_config'),
    suppress_client_ca_list: only([false], 'Node.js always sends the names of the authorities it trusts'),
  },
  [`${TLS}.SPIFFECertValidatorConfig`]: {
    ...fields('trust_domains'),
    trust_bundles: refused('bundles are read in PEM: name each domain with its own in trust_domains'),
  },
  [`${TLS}.SPIFFECertValidatorConfig.TrustDomain`]: {
    ...fields('name trust_bundle'),
    workload_trust_domain: refused('all workloads of a context trust the same domains'),
  },
  [`${TLS}.SubjectAltNameMatcher`]: fields('san_type matcher oid'),
  'envoy.config.core.v3.DataSource': fields('filename inline_bytes inline_string environment_variable'),
  'envoy.config.core.v3.WatchedDirectory': fields('path'),
  'envoy.config.core.v3.TransportSocket': fields('name typed_config'),
};
