import { fields, ignored, only, type SupportTable } from '../../../config/support.ts';

/** Of clients and of upstreams alike. */
export const http2Support: SupportTable = {
  'envoy.config.core.v3.Http2ProtocolOptions': {
    ...fields(`hpack_table_size max_concurrent_streams initial_stream_window_size initial_connection_window_size allow_connect max_outbound_frames
      max_outbound_control_frames max_consecutive_inbound_frames_with_empty_payload max_inbound_priority_frames_per_stream
      max_inbound_window_update_frames_per_data_frame_sent override_stream_error_on_invalid_http_message connection_keepalive custom_settings_parameters
      stream_reset_burst stream_reset_rate max_header_field_size_kb stream_error_on_invalid_http_messaging`),
    enable_huffman_encoding: ignored('heads are sent without it, which every peer reads'),
    use_oghttp2_codec: ignored('there is one codec'),
    max_metadata_size: ignored('METADATA frames are not taken'),
    disallow_obs_text: ignored('Envoy does nothing with it either'),
    allow_metadata: only([false], 'METADATA frames are Envoy\'s own'),
  },
  'envoy.config.core.v3.Http2ProtocolOptions.SettingsParameter': fields('identifier value'),
  'envoy.config.core.v3.KeepaliveSettings': fields('interval timeout interval_jitter connection_idle_interval'),
};
