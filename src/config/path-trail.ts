import { ConfigPath } from '../core/problems.ts';

/** A field by name, a list's item by index, a map's entry by key. */
export type TrailStep = string | number | { readonly key: string };

/** Where a walk over a message is. Made into a path only when there is something to say: most walks say nothing. */
export class PathTrail {
  readonly #root: ConfigPath;
  readonly #steps: TrailStep[] = [];

  constructor(root: ConfigPath = ConfigPath.root) {
    this.#root = root;
  }

  enter(step: TrailStep): void {
    this.#steps.push(step);
  }

  leave(): void {
    this.#steps.pop();
  }

  here(): ConfigPath {
    let path = this.#root;
    for (const step of this.#steps) {
      if (typeof step === 'string') path = path.field(step);
      else path = typeof step === 'number' ? path.index(step) : path.key(step.key);
    }
    return path;
  }
}
