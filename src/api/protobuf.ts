/**
 * What is used of @bufbuild/protobuf while the program runs. The package's own entries load the well-known types with everything they are
 * made of: 40 modules, a quarter of a start (docs/decisions/envoy-api.md). Types come from the package itself.
 */
export { create } from '../../node_modules/@bufbuild/protobuf/dist/esm/create.js';
export { ScalarType } from '../../node_modules/@bufbuild/protobuf/dist/esm/descriptors.js';
export { clearField, isFieldSet } from '../../node_modules/@bufbuild/protobuf/dist/esm/fields.js';
export { fromBinary, mergeFromBinary } from '../../node_modules/@bufbuild/protobuf/dist/esm/from-binary.js';
export { toBinary } from '../../node_modules/@bufbuild/protobuf/dist/esm/to-binary.js';
export { parseTextFormatEnumValue, parseTextFormatScalarValue } from '../../node_modules/@bufbuild/protobuf/dist/esm/wire/text-format.js';
export { isWrapperDesc } from '../../node_modules/@bufbuild/protobuf/dist/esm/wkt/wrappers.js';
