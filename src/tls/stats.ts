import { defineStats } from '../core/stats/stats.ts';

/** `listener.<address>.ssl.*`, `cluster.<name>.ssl.*`. */
export const SSL_STATS = defineStats({
  counters: [
    'connection_error',
    'fail_verify_cert_hash',
    'fail_verify_error',
    'fail_verify_no_cert',
    'fail_verify_san',
    'handshake',
    'no_certificate',
    'ocsp_staple_failed',
    'ocsp_staple_omitted',
    'ocsp_staple_requests',
    'ocsp_staple_responses',
    'session_reused',
  ],
});

/** `listener.<address>.server_ssl_socket_factory.*`, `cluster.<name>.client_ssl_socket_factory.*`. The main thread counts updates. */
export const SOCKET_FACTORY_STATS = defineStats({
  counters: ['downstream_context_secrets_not_ready', 'ssl_context_update_by_sds', 'upstream_context_secrets_not_ready'],
});
