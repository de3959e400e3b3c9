import type { LoadBalancerSpec } from '../cluster-spec.ts';
import type { PickerPolicy } from './host-picker.ts';
import { leastRequest } from './least-request.ts';
import { randomChoice } from './random.ts';
import { roundRobin } from './round-robin.ts';

export function policyOf(spec: LoadBalancerSpec): PickerPolicy {
  switch (spec.kind) {
    case 'round-robin':
      return roundRobin;
    case 'random':
      return randomChoice;
    case 'least-request':
      return leastRequest(spec);
  }
}
