/**
 * Rows of values between constant texts, made again and again: heads, records. To join two texts makes an object, and to write the whole out walks all of them; so what
 * is the same from row to row is joined once, and only values that do change are put between such parts. The others are compared first: a row is always what its
 * values make. Characters are bytes (latin1).
 */
export class RowMemo {
  /** As they stand in the parts; undefined where there is none, or a hole. */
  #known: readonly Value[] = [];
  /** Places of known values. */
  #fixed: readonly number[] = [];
  /** Places of values that change, in order. */
  #holes: readonly number[] = [];
  /** What stands before, between and behind the holes. */
  #parts: readonly string[] = [];
  #rowsToReview = 0;

  /** The row; undefined when a value has changed that did not so far: it is to be learned. */
  join(values: readonly Value[]): string | undefined {
    if (this.#rowsToReview-- <= 0) return undefined;
    const known = this.#known;
    for (const place of this.#fixed) if (values[place] !== known[place]) return undefined;
    const holes = this.#holes;
    const parts = this.#parts;
    let row = parts[0]!;
    for (let at = 0; at < holes.length; ) {
      row += values[holes[at]!]!;
      row += parts[++at]!;
    }
    return row;
  }

  /** Rows are of another kind from now on. */
  forget(): void {
    this.#rowsToReview = 0;
  }

  /** `make`: the row that other values make in the same places. */
  learn(values: readonly Value[], make: (values: readonly Value[]) => string): void {
    const before = this.#rowsToReview > 0 ? this.#known : undefined;
    if (before === undefined) this.#rowsToReview = REVIEWED_ROWS;
    this.#known = Array.from(values, (value, place) => (value === undefined || (before !== undefined && before[place] !== value) ? undefined : kept(value)));
    const places = [...values.keys()].filter((place) => values[place] !== undefined);
    this.#fixed = places.filter((place) => this.#known[place] !== undefined);
    this.#holes = places.filter((place) => this.#known[place] === undefined);
    const marked = Array.from(values, (value, place) => (value === undefined ? undefined : this.#known[place] ?? HOLE));
    this.#parts = make(marked).split(HOLE).map(flat);
  }
}

type Value = string | undefined;

/** No byte, so no row has it. */
const HOLE = '\uffff';
/** A value that has changed is taken for one that does until so many rows were made. */
const REVIEWED_ROWS = 65_536;
/** Longer texts may be a piece of one that would stay with them. */
const OWN_TEXT_LENGTH = 12;

function kept(value: string): string {
  return value.length > OWN_TEXT_LENGTH ? flat(value) : value;
}

/** The same in one piece. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
