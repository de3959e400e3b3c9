import { fields, ignored, refused, type SupportTable } from '../../config/support.ts';

const TYPE = 'envoy.extensions.compression';
const NO_DICTIONARIES = refused('clients and upstreams have no dictionaries in common with this proxy');
const CHUNKS = ignored('it sizes a buffer of the library');

export const compressionSupport: SupportTable = {
  [`${TYPE}.gzip.compressor.v3.Gzip`]: { ...fields('memory_level compression_level compression_strategy window_bits'), chunk_size: CHUNKS },
  [`${TYPE}.gzip.decompressor.v3.Gzip`]: { ...fields('window_bits max_inflate_ratio'), chunk_size: CHUNKS },
  [`${TYPE}.brotli.compressor.v3.Brotli`]: {
    ...fields('quality encoder_mode window_bits input_block_bits disable_literal_context_modeling'),
    chunk_size: CHUNKS,
  },
  [`${TYPE}.brotli.decompressor.v3.Brotli`]: { disable_ring_buffer_reallocation: ignored('it tunes memory of the library'), chunk_size: CHUNKS },
  [`${TYPE}.zstd.compressor.v3.Zstd`]: { ...fields('compression_level enable_checksum strategy'), dictionary: NO_DICTIONARIES, chunk_size: CHUNKS },
  [`${TYPE}.zstd.decompressor.v3.Zstd`]: { dictionaries: NO_DICTIONARIES, chunk_size: CHUNKS },
};
