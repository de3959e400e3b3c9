import type { BlockAnnouncement, GroupAnnouncement, ReleaseAnnouncement, RunAnnouncement, SchemaAnnouncement, StatAnnouncement } from './announcement.ts';
import { runLength } from './histogram-bins.ts';
import { SlotAllocator, type SlotRun } from './slot-allocator.ts';
import { type DynamicKind, type GroupOwner, SlotGroup } from './slot-group.ts';
import { type StatGroup, StatSchema, type StatStore } from './stats.ts';

export interface StatStoreOptions {
  /** Told of everything that the scrape must know, in order. */
  readonly onAnnounce: (announcement: StatAnnouncement) => void;
  /** Call `onAnnounce` at once (the scrape is in this thread) instead of once per turn. */
  readonly direct?: boolean;
}

interface Pending extends StatAnnouncement {
  readonly blocks: BlockAnnouncement[];
  readonly schemas: SchemaAnnouncement[];
  readonly groups: GroupAnnouncement[];
  readonly runs: RunAnnouncement[];
  readonly releases: ReleaseAnnouncement[];
}

/** The statistics of one thread, in memory shared with the main thread, which learns names and places by announcements. */
export class SharedStatStore implements StatStore {
  readonly #onAnnounce: (announcement: StatAnnouncement) => void;
  readonly #direct: boolean;
  readonly #allocator: SlotAllocator;
  readonly #groups = new Map<StatSchema, Map<string, SlotGroup>>();
  readonly #schemaIds = new Map<StatSchema, number>();
  /** One per kind and name, shared by all groups. */
  readonly #dynamicSchemas = new Map<string, StatSchema>();
  readonly #owner: GroupOwner = {
    openDynamic: (prefix, kind, name) => this.#openGroup(prefix, this.#dynamicSchema(kind, name)),
    openRun: (group, histogram, run) => this.#openRun(group, histogram, run),
  };
  #groupCount = 0;
  #pending: Pending | undefined;

  constructor(options: StatStoreOptions) {
    this.#onAnnounce = options.onAnnounce;
    this.#direct = options.direct ?? false;
    this.#allocator = new SlotAllocator((block, buffer) => this.#announce().blocks.push({ block, buffer }));
  }

  group(prefix: string, schema: StatSchema): StatGroup {
    let groups = this.#groups.get(schema);
    if (groups === undefined) this.#groups.set(schema, (groups = new Map()));
    let group = groups.get(prefix);
    if (group === undefined) groups.set(prefix, (group = this.#openGroup(prefix, schema)));
    group.holds++;
    return group;
  }

  /** Nobody may write to the group after its last release: its slots may have become another's. */
  release(group: StatGroup): void {
    const held = group as SlotGroup;
    if (--held.holds > 0) return;
    this.#groups.get(held.schema)?.delete(held.prefix);
    held.dynamic?.forEach((stat) => this.#close(stat.group));
    this.#close(held);
    this.#deliverIfDirect();
  }

  /** Sends what is announced but not yet sent; the end of the turn does it too. */
  flush(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#onAnnounce(pending);
  }

  #openGroup(prefix: string, schema: StatSchema): SlotGroup {
    const run = this.#allocator.allocate(schema.slots);
    const group = new SlotGroup(this.#owner, this.#groupCount++, prefix, schema, run);
    this.#announce().groups.push({ group: group.id, prefix, schema: this.#schemaId(schema), block: run.block, base: run.base });
    this.#deliverIfDirect();
    return group;
  }

  #openRun(group: number, histogram: number, run: number): SlotRun {
    const place = this.#allocator.allocate(runLength(run));
    this.#announce().runs.push({ group, histogram, run, block: place.block, base: place.base });
    this.#deliverIfDirect();
    return place;
  }

  #close(group: SlotGroup): void {
    const { id, slots, block, base, schema } = group;
    const runs: ReleaseAnnouncement['runs'][number][] = [];
    for (const { index, runs: places } of group.histograms ?? []) {
      places.forEach((place, run) => {
        if (place === undefined) return;
        runs.push({ histogram: index, run, bins: place.slots.slice(place.base, place.base + place.length) });
        this.#allocator.free(place);
      });
    }
    this.#announce().releases.push({ group: id, values: slots.slice(base, base + schema.slots), runs });
    this.#allocator.free({ slots, block, base, length: schema.slots });
  }

  #dynamicSchema(kind: DynamicKind, name: string): StatSchema {
    const key = `${kind} ${name}`;
    let schema = this.#dynamicSchemas.get(key);
    if (schema === undefined) this.#dynamicSchemas.set(key, (schema = new StatSchema({ [kind]: [name] })));
    return schema;
  }

  #schemaId(schema: StatSchema): number {
    let id = this.#schemaIds.get(schema);
    if (id === undefined) {
      id = this.#schemaIds.size;
      this.#schemaIds.set(schema, id);
      const { counters, gauges, histograms } = schema;
      this.#announce().schemas.push({ schema: id, counters, gauges, histograms });
    }
    return id;
  }

  #announce(): Pending {
    if (this.#pending !== undefined) return this.#pending;
    this.#pending = { blocks: [], schemas: [], groups: [], runs: [], releases: [] };
    if (!this.#direct) queueMicrotask(() => this.flush());
    return this.#pending;
  }

  #deliverIfDirect(): void {
    if (this.#direct) this.flush();
  }
}
