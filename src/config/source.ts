import type { SourcePosition } from '../core/problems.ts';

/** A configuration text and the name people know it by. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  /** Offsets at which lines start; made when the first position is asked for. */
  #lineStarts: Uint32Array | undefined;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
  }

  positionAt(offset: number): SourcePosition {
    if (offset === 0) return { file: this.file, line: 1, column: 1 };
    const starts = (this.#lineStarts ??= lineStarts(this.text));
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return { file: this.file, line: low + 1, column: offset - starts[low]! + 1 };
  }
}

function lineStarts(text: string): Uint32Array {
  let starts = new Uint32Array(1024);
  let lines = 1;
  for (let offset = 0; offset < text.length; offset++) {
    if (text.charCodeAt(offset) !== LINE_FEED) continue;
    if (lines === starts.length) {
      const longer = new Uint32Array(lines * 2);
      longer.set(starts);
      starts = longer;
    }
    starts[lines++] = offset + 1;
  }
  return starts.subarray(0, lines);
}

const LINE_FEED = 0x0a;
