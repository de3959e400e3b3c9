import { beginTurn, endTurn } from '../core/clock.ts';

/**
 * Small writes wait until the outermost owner callback of the thread returns, so that a head and a body, or the frames
 * of many streams, leave in one system call. Written outside of callbacks they leave at the end of the turn.
 *
 * One list per thread names the connections that hold such writes; both transports use it.
 */

export interface JoinedWriter {
  /** Called once for each `markDirty`. */
  flushJoined(): void;
}

/** Bytes up to here join the text in front of them; more are worth a write without that copy. */
export const JOINED_BYTES_LIMIT = 8192;
/** Text beyond this does not wait. Node writes text up to this length from its stack. */
export const JOINED_TEXT_LIMIT = 16_384;
/** What one call flushes at most. Owners that write whenever they are drained would otherwise keep the thread forever. */
const FLUSH_LIMIT = 65_536;

const dirty: (JoinedWriter | undefined)[] = [];
let dirtyCount = 0;
/** Owner callbacks on the stack. */
let depth = 0;
let flushIsScheduled = false;

/** Around every owner callback: `enterCallback(); try { … } finally { leaveCallback(); }`. */
export function enterCallback(): void {
  if (depth++ === 0) beginTurn();
}

export function leaveCallback(): void {
  if (depth > 1) {
    depth--;
    return;
  }
  if (dirtyCount === 0) depth = 0;
  else flushDirty();
  endTurn();
}

export function markDirty(writer: JoinedWriter): void {
  dirty[dirtyCount++] = writer;
  if (depth === 0) scheduleFlush();
}

function scheduleFlush(): void {
  if (flushIsScheduled) return;
  flushIsScheduled = true;
  process.nextTick(flushScheduled);
}

function flushScheduled(): void {
  flushIsScheduled = false;
  enterCallback();
  leaveCallback();
}

/** Runs at depth 1, so that owners which are called from here and write again only lengthen the list. */
function flushDirty(): void {
  let done = 0;
  try {
    while (done < dirtyCount && done < FLUSH_LIMIT) {
      const writer = dirty[done]!;
      dirty[done++] = undefined;
      writer.flushJoined();
    }
  } finally {
    depth = 0;
    keepRest(done);
  }
}

/** Nothing is left but at the limit, or when an owner threw. */
function keepRest(done: number): void {
  const left = dirtyCount - done;
  if (left > 0) {
    dirty.copyWithin(0, done, dirtyCount);
    dirty.fill(undefined, left, dirtyCount);
    setImmediate(flushScheduled);
  }
  dirtyCount = left;
}
