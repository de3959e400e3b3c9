import { fields, refused, type SupportTable } from '../../../config/support.ts';

const PACKAGE = 'envoy.extensions.filters.http.set_metadata.v3';

export const setMetadataSupport: SupportTable = {
  [`${PACKAGE}.Config`]: fields('metadata_namespace value metadata'),
  [`${PACKAGE}.Metadata`]: {
    ...fields('metadata_namespace allow_overwrite value'),
    typed_value: refused('nothing here reads typed metadata'),
  },
};
