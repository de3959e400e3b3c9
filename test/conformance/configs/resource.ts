/** Envoy resources found in a tree of files, each as a bootstrap that both programs can judge. */

export type ResourceKind = 'bootstrap' | 'listener' | 'cluster' | 'route configuration' | 'virtual host' | 'load assignment' | 'secret';

export interface Resource {
  readonly kind: ResourceKind;
  /** The file, and where in it: `clusters.yaml`, `dump.json#configs[2].dynamic_listeners[0]`. */
  readonly place: string;
  /** What both programs are given. */
  readonly text: string;
  readonly format: 'yaml' | 'json';
}

export type JsonMap = { readonly [key: string]: unknown };

export const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value);

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A field by its proto name, in either spelling. */
export const fieldOf = (map: JsonMap, name: string): unknown => map[name] ?? map[camel(name)];
