import type { Random } from '../../core/random.ts';
import type { LoadBalancerContext } from '../../http/upstream.ts';
import type { Locality } from '../cluster-spec.ts';
import type { HostSet, LocalityHosts } from '../host-set.ts';
import type { UpstreamHost } from '../host.ts';
import { EdfSchedule } from './edf-schedule.ts';
import type { HostPicker, PickerPolicy } from './host-picker.ts';

type Availability = 'healthy' | 'degraded';

/**
 * Localities of one priority by weight × availability, earliest deadline first; within a locality the cluster's policy
 * (`locality_weighted_lb_config`). A locality without weight or without usable hosts gets nothing. Undefined when none gets anything.
 */
export function createLocalitySchedule(
  level: HostSet,
  usable: Availability,
  policy: PickerPolicy,
  random: Random,
  before: HostPicker | undefined,
): HostPicker | undefined {
  const places: WeightedPlace[] = [];
  for (const locality of level.localities) {
    const weight = effectiveWeight(locality, usable, level.overprovisioningFactor);
    if (weight <= 0) continue;
    const previous = before instanceof LocalitySchedule ? before.pickerOf(locality.locality) : undefined;
    places.push({ locality: locality.locality, weight, picker: policy.create(locality[usable], random, previous) });
  }
  return places.length === 0 ? undefined : new LocalitySchedule(places, random);
}

interface WeightedPlace {
  readonly locality: Locality;
  readonly weight: number;
  readonly picker: HostPicker;
}

class LocalitySchedule implements HostPicker {
  readonly #places: readonly WeightedPlace[];
  readonly #schedule: EdfSchedule;

  constructor(places: readonly WeightedPlace[], random: Random) {
    this.#places = places;
    this.#schedule = new EdfSchedule(places.length);
    places.forEach(({ weight }, index) => this.#schedule.add(index, weight));
    for (let skip = random.uint32() % places.length; skip > 0; skip--) this.#next();
  }

  pick(context: LoadBalancerContext): UpstreamHost | undefined {
    return this.#next().picker.pick(context);
  }

  pickerOf({ region, zone, subZone }: Locality): HostPicker | undefined {
    return this.#places.find(({ locality }) => locality.region === region && locality.zone === zone && locality.subZone === subZone)?.picker;
  }

  #next(): WeightedPlace {
    const place = this.#places[this.#schedule.peek()];
    this.#schedule.reschedule(place.weight);
    return place;
  }
}

function effectiveWeight(locality: LocalityHosts, usable: Availability, overprovisioningFactor: number): number {
  const count = locality.hosts.length - locality.excludedCount;
  if (count <= 0) return 0;
  return locality.weight * Math.min(1, (overprovisioningFactor / 100) * (locality[usable].length / count));
}
