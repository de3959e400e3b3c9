import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';

/**
 * Whether the static layers of the bootstrap's runtime allow the use of a deprecated feature. Envoy asks its runtime; while a
 * bootstrap is being read there is no other runtime than the one that it brings.
 */
export function allowsDeprecatedByLayers(bootstrap: Bootstrap): (feature: string) => boolean {
  const flags = new Map<string, unknown>();
  for (const { layerSpecifier } of bootstrap.layeredRuntime?.layers ?? []) {
    if (layerSpecifier.case === 'staticLayer') flatten(layerSpecifier.value, '', flags);
  }
  const isOn = (key: string): boolean => flags.get(key) === true || flags.get(key) === 'true';
  return (feature) => {
    const key = `envoy.deprecated_features:${feature}`;
    return flags.has(key) ? isOn(key) : isOn('envoy.features.enable_all_deprecated_features');
  };
}

/** Keys may be dotted or nested; later layers win. */
function flatten(layer: unknown, prefix: string, flags: Map<string, unknown>): void {
  if (typeof layer !== 'object' || layer === null || Array.isArray(layer)) {
    flags.set(prefix, layer);
    return;
  }
  for (const [key, value] of Object.entries(layer)) flatten(value, prefix === '' ? key : `${prefix}.${key}`, flags);
}
