/** `npm run conformance -- --hunt <seed> <count>`: made-up cases on both proxies; what differs is shrunk and kept as a case file. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dump } from 'js-yaml';
import { differences, isRefusal, type Answer } from '../harness/answer.ts';
import type { Case } from '../harness/case.ts';
import { readCase } from '../harness/case-files.ts';
import { inParallel, playGroup, type Played } from '../harness/groups.ts';
import type { Pace } from '../harness/play.ts';
import type { Target } from '../harness/target.ts';
import { Dice } from './dice.ts';
import { isTold, withoutKept } from './kept.ts';
import { SCENES } from './scenes.ts';
import { shrink } from './shrink.ts';

/** Cases that share a configuration, and so a proxy. */
const CASES_EACH = 40;
const TRIALS = 120;
/** Of differences that look alike only so many are shrunk. */
const ALIKE = 1;
/** Timers of made-up configurations are shorter than this. */
const FAST: Pace = { quietMs: 130, expectedQuietMs: 250, waitLimitMs: 400 };
const SURE: Pace = { quietMs: 300, expectedQuietMs: 700, waitLimitMs: 1_000 };
const FOUND = new URL('../../../node_modules/.cache/conformance/hunt/', import.meta.url);

/** What a case file says of one case. */
interface Raw {
  readonly base?: string;
  readonly config: object;
  readonly upstreams: object;
  readonly client: readonly unknown[];
}

interface Difference {
  readonly raw: Raw;
  readonly name: string;
  readonly lines: readonly string[];
}

interface Tally {
  exchanges: number;
  cases: number;
  refused: number;
  unsteady: number;
}

const caseOf = (name: string, { base, ...raw }: Raw): Case => readCase('hunt', 'made-up', name, { base }, raw);

/** Differences that look like this one: places without numbers, values without digits. */
const looks = (lines: readonly string[]): string => lines.slice(0, 2).map((line) => line.slice(0, 160).replaceAll(/\d+/g, '#')).join('\n');

/** Which parts differ: what a smaller case must still do. */
const parts = (lines: readonly string[]): string => [...new Set(lines.map((line) => /^[^:]*/.exec(line)![0].split('.')[0]))].sort().join();

export class Hunt {
  readonly #envoy: Target;
  readonly #nuncio: Target;
  readonly #jobs: number;
  readonly #seen = new Map<string, number>();
  readonly #tally: Tally = { exchanges: 0, cases: 0, refused: 0, unsteady: 0 };
  readonly #found: Difference[] = [];

  constructor(envoy: Target, nuncio: Target, jobs: number) {
    this.#envoy = envoy;
    this.#nuncio = nuncio;
    this.#jobs = jobs;
  }

  /** Returns the exit code. */
  async run(seed: number, count: number, scene: string): Promise<number> {
    // A throw of nuncio is what is hunted, too: the case that it belongs to is answered otherwise.
    process.on('uncaughtException', (error) => console.log(error.stack));
    const groups = Array.from({ length: Math.ceil(count / CASES_EACH) }, (_, index) => index);
    await inParallel(groups, this.#jobs, (index) => this.#group(seed, index, scene));
    await inParallel(this.#found, Math.max(1, Math.floor(this.#jobs / 3)), (difference) => this.#keep(difference));
    const { cases, exchanges, refused, unsteady } = this.#tally;
    for (const [look, times] of this.#seen) if (times > 1) console.log(`${times} times: ${look.split('\n')[0]}`);
    console.log(`${cases} cases with ${exchanges} exchanges: ${this.#seen.size} kinds of difference, ${unsteady} not steady; ${refused} configurations refused`);
    return this.#seen.size === 0 ? 0 : 1;
  }

  async #group(seed: number, index: number, name: string): Promise<void> {
    const dice = new Dice(seed * 1_000_003 + index * 7_919);
    const { exchange, ...shared } = SCENES[name](dice);
    const raws = Array.from({ length: CASES_EACH }, (): Raw => ({ ...shared, ...exchange() }));
    const cases = raws.map((raw, at) => caseOf(`s${seed}-${index}-${at}`, raw));
    const theirs = await playGroup(this.#envoy, cases.slice(0, 1), () => undefined, FAST);
    const first = theirs.get(cases[0].id) as Played;
    if (first instanceof Error) return this.#refusal(cases[0], raws[0], first);
    for (const [id, played] of await playGroup(this.#envoy, cases, () => undefined, FAST)) theirs.set(id, played);
    const ours = await playGroup(this.#nuncio, cases, (one) => answerOf(one, theirs.get(one.id)), FAST);
    for (const [at, one] of cases.entries()) {
      this.#tally.cases += 1;
      this.#tally.exchanges += one.client.filter((step) => step.do === 'send' && step.method !== undefined).length;
      const truth = answerOf(one, theirs.get(one.id));
      if (truth !== undefined && unlike(one, truth, ours.get(one.id) as Played).length > 0) await this.#confirm(one.name, raws[at]);
    }
  }

  /** Envoy's refusals are nuncio's too. */
  async #refusal(one: Case, raw: Raw, error: Error): Promise<void> {
    this.#tally.refused += 1;
    const ours = (await playGroup(this.#nuncio, [one], () => undefined, FAST)).get(one.id) as Played;
    const refusedHere = ours instanceof Error || isRefusal(ours);
    if (!refusedHere) console.log(`${one.name}: only Envoy refuses: ${error.message}\n${dump(raw.config)}`);
  }

  async #play(target: Target, one: Case, pace: Pace, expected?: Answer): Promise<Played> {
    return (await playGroup(target, [one], () => expected, pace)).get(one.id) as Played;
  }

  /** What differs when the case is played alone. */
  async #compare(name: string, raw: Raw, pace: Pace): Promise<readonly string[]> {
    const one = caseOf(name, raw);
    const truth = answerOf(one, await this.#play(this.#envoy, one, pace));
    return truth === undefined ? [] : unlike(one, truth, await this.#play(this.#nuncio, one, pace, truth));
  }

  /** Without haste, and only if Envoy answers twice the same: what is not steady tells of the machine. */
  async #compareSurely(name: string, raw: Raw): Promise<readonly string[]> {
    const one = caseOf(name, raw);
    const [first, second] = await Promise.all([this.#play(this.#envoy, one, SURE), this.#play(this.#envoy, one, SURE)]);
    const truth = answerOf(one, first);
    if (truth === undefined || unlike(one, truth, second).length > 0) return [];
    return unlike(one, truth, await this.#play(this.#nuncio, one, SURE, truth));
  }

  async #confirm(name: string, raw: Raw): Promise<void> {
    const lines = await this.#compareSurely(name, raw);
    if (lines.length === 0) {
      this.#tally.unsteady += 1;
      return;
    }
    const look = looks(lines);
    const times = (this.#seen.get(look) ?? 0) + 1;
    this.#seen.set(look, times);
    if (times <= ALIKE) this.#found.push({ raw, name, lines });
  }

  async #keep({ raw, name, lines }: Difference): Promise<void> {
    const wanted = parts(lines);
    const shrunk = await shrink(raw, TRIALS, async (smaller) => {
      try {
        const left = await this.#compare(name, smaller, FAST);
        return left.length > 0 && parts(left) === wanted;
      } catch {
        return false;
      }
    });
    const left = await this.#compareSurely(name, shrunk);
    // In haste it may have taken another fault for this one.
    const smallest = left.length > 0 ? shrunk : raw;
    mkdirSync(FOUND, { recursive: true });
    const { base, ...made } = smallest;
    const text = dump({ ...(base !== undefined && { base }), cases: { [name]: made } }, { flowLevel: 4, lineWidth: 200 });
    writeFileSync(new URL(`${name}.yaml`, FOUND), text);
    console.log(`${name}\n${(left.length > 0 ? left : lines).slice(0, 6).map((line) => `    ${line}`).join('\n')}\n${text}`);
  }
}

const isAnswer = (played: Played): played is Answer => !(played instanceof Error) && !isRefusal(played);

const answerOf = (one: Case, played: Played | undefined): Answer | undefined => (played !== undefined && isAnswer(played) ? withoutKept(one, played) : undefined);

const unlike = (one: Case, truth: Answer, ours: Played): readonly string[] => {
  if (ours instanceof Error) return [`error: ${ours.message}`];
  if (isRefusal(ours)) return ours.refused.map((line) => `refused: ${line}`);
  return isTold(truth, ours) ? [] : differences(truth, withoutKept(one, ours));
};
