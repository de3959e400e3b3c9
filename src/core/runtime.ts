/**
 * Envoy's runtime: layered key/value overrides read at use time (`envoy.config.bootstrap.v3.LayeredRuntime`).
 * The composition root fills it from layers; the admin interface may change the admin layer. One per thread, kept alike.
 */
export type RuntimeValue = string | number | boolean | { readonly numerator: number; readonly denominator: 'HUNDRED' | 'TEN_THOUSAND' | 'MILLION' };

export interface Runtime {
  number(key: string, otherwise: number): number;
  boolean(key: string, otherwise: boolean): boolean;
  /** `envoy.reloadable_features.*`, `nuncio.*` and the like. */
  feature(key: string, otherwise: boolean): boolean;
  value(key: string): RuntimeValue | undefined;
  /** Raised on every change, so that readers may cache. */
  readonly version: number;
}

export const emptyRuntime: Runtime = {
  number: (_key, otherwise) => otherwise,
  boolean: (_key, otherwise) => otherwise,
  feature: (_key, otherwise) => otherwise,
  value: () => undefined,
  version: 0,
};
