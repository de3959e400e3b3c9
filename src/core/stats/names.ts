/**
 * A user-given name (cluster, stat prefix, address) as it appears in the names of statistics. Envoy does this to the prefix of a scope as a whole:
 * one dot at either end goes, colons and NULs become underscores, and with a colon the slashes behind it.
 */
export function sanitizeStatName(name: string): string {
  const start = name.startsWith('.') ? 1 : 0;
  const end = name.length > start && name.endsWith('.') ? -1 : undefined;
  return name.slice(start, end).replace(/:\/\/|:\/|:|\0/g, '_');
}
