import type { Bootstrap } from '../api/generated/envoy/config/bootstrap/v3.ts';
import { textOfMessages } from '../api/message-identity.ts';
import type { Logger } from '../core/log.ts';
import type { Judged } from './judge.ts';

/** What a reload changes. */
export interface ConfigurationChange {
  readonly listeners: NamedChange;
  readonly clusters: NamedChange;
  /** Top-level fields of the bootstrap that differ and are read only when the process starts. */
  readonly needRestart: readonly string[];
}

export interface NamedChange {
  readonly added: readonly string[];
  readonly modified: readonly string[];
  readonly removed: readonly string[];
}

export function compareConfigurations(before: Judged | undefined, after: Judged): ConfigurationChange {
  const listeners = (judged: Judged | undefined) => new Map(judged?.listeners.map(({ name, identity }) => [name, identity]));
  const clusters = (judged: Judged | undefined) => new Map(judged?.clusters.map(({ name, hash }) => [name, hash]));
  return {
    listeners: compareNamed(listeners(before), listeners(after), (one, other) => one.equals(other)),
    clusters: compareNamed(clusters(before), clusters(after), (one, other) => one === other),
    needRestart: before === undefined ? [] : fieldsThatNeedRestart(before.bootstrap, after.bootstrap),
  };
}

function compareNamed<Identity>(before: ReadonlyMap<string, Identity>, after: ReadonlyMap<string, Identity>, same: (one: Identity, other: Identity) => boolean): NamedChange {
  const names = [...after.keys()];
  return {
    added: names.filter((name) => !before.has(name)),
    modified: names.filter((name) => before.has(name) && !same(before.get(name)!, after.get(name)!)),
    removed: [...before.keys()].filter((name) => !after.has(name)),
  };
}

export function isEmpty({ listeners, clusters }: ConfigurationChange): boolean {
  return [listeners, clusters].every(({ added, modified, removed }) => added.length + modified.length + removed.length === 0);
}

/** What a reload swaps. */
const RELOADED = new Set(['staticResources', 'layeredRuntime']);

/** By property, so that a oneof counts as one. */
function fieldsThatNeedRestart(before: Bootstrap, after: Bootstrap): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const value = (bootstrap: Bootstrap, name: string): string => textOfMessages(bootstrap[name as keyof Bootstrap]);
  return [...names].filter((name) => !name.startsWith('$') && !RELOADED.has(name) && value(before, name) !== value(after, name)).map(snakeCase);
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function logChange(log: Logger, { listeners, clusters, needRestart }: ConfigurationChange): void {
  for (const name of clusters.added) log.info(`added cluster '${name}'`);
  for (const name of clusters.modified) log.info(`updated cluster '${name}'`);
  for (const name of clusters.removed) log.info(`removed cluster '${name}'`);
  for (const name of listeners.added) log.info(`added listener '${name}'`);
  for (const name of listeners.modified) log.info(`updated listener '${name}'`);
  for (const name of listeners.removed) log.info(`removed listener '${name}'`);
  const count = ({ added, modified, removed }: NamedChange): string => `${added.length} added, ${modified.length} updated, ${removed.length} removed`;
  log.info(`configuration reloaded: listeners: ${count(listeners)}; clusters: ${count(clusters)}`);
  if (needRestart.length > 0) log.warning(`changes of these fields take effect when the process starts again: ${needRestart.join(', ')}`);
}
