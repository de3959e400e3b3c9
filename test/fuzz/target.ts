/** Something that is fed with what a hostile peer might send, as long as wanted. */
export interface Target {
  readonly name: string;
  /** Input number `seed`: the same for the same number. Throws when a promise is broken. */
  play(seed: number): void;
  /** How often this and that was met, for who asks whether everything was. */
  reached?(): Iterable<readonly [what: string, times: number]>;
}
