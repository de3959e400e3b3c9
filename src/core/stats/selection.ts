import type { EndpointStat, StatKind, StatSelection, StatSnapshot, TextReadout } from './snapshot.ts';

export function scalarKinds({ type }: StatSelection): readonly StatKind[] {
  switch (type) {
    case 'All':
      return ['counters', 'gauges'];
    case 'Counters':
      return ['counters'];
    case 'Gauges':
      return ['gauges'];
    default:
      return [];
  }
}

export function wantsHistograms({ type }: StatSelection): boolean {
  return type === 'All' || type === 'Histograms';
}

export function selectedTexts(snapshot: StatSnapshot, { type, filter }: StatSelection): readonly TextReadout[] {
  if (type !== 'All' && type !== 'TextReadouts') return [];
  return filter === undefined ? snapshot.texts : snapshot.texts.filter(({ name }) => filter(name));
}

/** With full names. `usedonly` does not apply to them. */
export function* selectedEndpointStats(snapshot: StatSnapshot, selection: StatSelection): Generator<EndpointStat> {
  for (const { prefix, ...endpoint } of snapshot.endpoints) {
    for (const kind of scalarKinds(selection)) {
      if (kind === 'histograms') continue;
      for (const { name: leaf, value } of endpoint[kind]) {
        const name = `${prefix}.${leaf}`;
        if (selection.filter === undefined || selection.filter(name)) yield { name, value };
      }
    }
  }
}
