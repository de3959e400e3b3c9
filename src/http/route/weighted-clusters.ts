import type { WeightedCluster, WeightedCluster_ClusterWeight as ClusterWeight } from '../../api/generated/envoy/config/route/v3.ts';
import type { CompileContext } from '../../core/extension.ts';
import type { ConfigPath } from '../../core/problems.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { HeaderMap } from '../header-map.ts';
import { headerField, type HeaderField } from '../matcher/header-field.ts';
import type { Route } from './route.ts';

/** One of several routes, chosen by weight. */
export class WeightedChoice {
  readonly #routes: readonly Route[];
  readonly #weights: Weights;
  readonly #randomHeader: HeaderField | undefined;

  constructor(routes: readonly Route[], weights: Weights, randomHeader: HeaderField | undefined) {
    this.#routes = routes;
    this.#weights = weights;
    this.#randomHeader = randomHeader;
  }

  /** Undefined when runtime overrides have taken all weight away. */
  select(headers: HeaderMap, randomValue: number): Route | undefined {
    const { total, limits } = this.#weights.current();
    if (total === 0) return undefined;
    const chosen = this.#chosenValue(headers, total) ?? randomValue % total;
    for (let at = 0; at < limits.length; at++) if (chosen < limits[at]) return this.#routes[at];
    return undefined;
  }

  /** The value of `header_name`, if it has one line with a whole number of 64 bits. */
  #chosenValue(headers: HeaderMap, total: number): number | undefined {
    const text = this.#randomHeader?.first(headers);
    if (text === undefined || this.#randomHeader!.all(headers).length !== 1) return undefined;
    const digits = UNSIGNED.exec(text)?.[1];
    if (digits === undefined) return undefined;
    const number = BigInt(digits);
    return number > MAX_UINT64 ? undefined : Number(number % BigInt(total));
  }
}

/** No more digits than a 64-bit number and a few leading zeros need. */
const UNSIGNED = /^[ \t]*\+?(\d{1,40})[ \t]*$/;
const MAX_UINT64 = 2n ** 64n - 1n;
const MAX_TOTAL = 2 ** 32 - 1;

/** The weights as they are now: those of the configuration, or what the runtime says instead. */
class Weights {
  readonly #configured: readonly number[];
  /** Undefined = nothing overrides them. */
  readonly #keys: readonly string[] | undefined;
  readonly #runtime: Runtime;
  #current: CumulativeWeights;
  #version: number;

  constructor(configured: readonly number[], keys: readonly string[] | undefined, runtime: Runtime) {
    this.#configured = configured;
    this.#keys = keys;
    this.#runtime = runtime;
    this.#version = runtime.version;
    this.#current = this.#read();
  }

  current(): CumulativeWeights {
    if (this.#keys !== undefined && this.#runtime.version !== this.#version) {
      this.#version = this.#runtime.version;
      this.#current = this.#read();
    }
    return this.#current;
  }

  #read(): CumulativeWeights {
    let total = 0;
    const limits = this.#configured.map((weight, at) => (total += this.#weight(weight, at)));
    return total > MAX_TOTAL ? { total: 0, limits: [] } : { total, limits };
  }

  #weight(configured: number, at: number): number {
    const value = this.#keys === undefined ? configured : this.#runtime.number(this.#keys[at], configured);
    return value >= 0 ? Math.trunc(value) : configured;
  }
}

/** Entry `at` is chosen by values below `limits[at]` and not below the limit before it. */
interface CumulativeWeights {
  readonly total: number;
  readonly limits: readonly number[];
}

/** Compiles the choice; `compileEntry` makes the route of one entry, undefined after reporting. */
export function compileWeightedClusters(
  message: WeightedCluster,
  routeName: string,
  at: ConfigPath,
  context: CompileContext,
  compileEntry: (entry: ClusterWeight, at: ConfigPath) => Route | undefined,
): WeightedChoice {
  const routes: Route[] = [];
  message.clusters.forEach((entry, index) => {
    const entryAt = at.field('clusters').index(index);
    checkEntry(entry, entryAt, context);
    const route = compileEntry(entry, entryAt);
    if (route !== undefined) routes.push(route);
  });
  const configured = message.clusters.map((entry) => entry.weight ?? 0);
  const prefix = message.runtimeKeyPrefix;
  const keys = prefix === '' ? undefined : message.clusters.map((entry) => `${prefix}.${entry.name}`);
  const sum = configured.reduce((total, weight, index) => total + (keys === undefined ? weight : context.runtime.number(keys[index], weight)), 0);
  if (sum > MAX_TOTAL) {
    context.error(at, `The sum of weights of all weighted clusters of route ${routeName} exceeds ${MAX_TOTAL}`);
  } else if (sum === 0) {
    context.error(at, 'Sum of weights in the weighted_cluster must be greater than 0.');
  }
  const { randomValueSpecifier: random } = message;
  const randomHeader = random.case === 'headerName' && random.value !== '' ? headerField(random.value) : undefined;
  return new WeightedChoice(routes, new Weights(configured, keys, context.runtime), randomHeader);
}

function checkEntry(entry: ClusterWeight, at: ConfigPath, context: CompileContext): void {
  if (entry.name === '' && entry.clusterHeader === '') {
    context.error(at, 'At least one of name or cluster_header need to be specified');
  } else if (entry.name !== '' && entry.clusterHeader !== '') {
    context.error(at, 'Only one of name or cluster_header can be specified');
  }
  if (entry.weight === undefined) context.error(at, "Field 'weight' is missing");
}
