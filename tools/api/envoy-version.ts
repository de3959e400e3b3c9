/** The Envoy release whose API this is. For another release: change it, run `node tools/api/dump/run.ts` (needs Go), then `npm run api`. */
export const ENVOY_VERSION = '1.40.0';
