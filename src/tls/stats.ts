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
    'was_key_usage_invalid',
  ],
});
