/** This package; a test compares it with package.json. */
export const VERSION = '0.1.0';

/** The release of Envoy whose API and behaviour this version follows. Agents read it out of `/server_info`. */
export const ENVOY_VERSION = '1.40.0';

/** Five parts between slashes, as Envoy's: revision, version, state of the tree, kind of build, TLS library. */
export const BUILD = `nuncio-${VERSION}/${ENVOY_VERSION}/Clean/RELEASE/OpenSSL`;
