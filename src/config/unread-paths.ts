/** Where a text could not be read: what a later look finds missing there is no second mistake. */
export class UnreadPaths {
  readonly #paths: ReadonlySet<string>;
  readonly #parents: ReadonlySet<string>;

  constructor(paths: readonly string[]) {
    this.#paths = new Set(paths);
    this.#parents = new Set(paths.filter((path) => path !== '').map(parentPath));
  }

  /** True at and below a path that could not be read, and for a oneof one of whose cases could not be. */
  covers(path: string): boolean {
    for (let prefix = path; prefix !== ''; prefix = parentPath(prefix)) if (this.#paths.has(prefix)) return true;
    return this.#parents.has(path);
  }
}

function parentPath(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('.'), path.lastIndexOf('['), 0));
}
