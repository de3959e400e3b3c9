/**
 * A round is all that one look of the event loop at its sockets brought, many reads as a rule. What is put off to its end is done once for all of
 * them: frames of many streams leave in one write.
 */
export interface RoundTask {
  onRoundEnd(): void;
}

/** So many wait at most; they are done at once when there are more. */
const MAX_TASKS = 64;

let tasks: RoundTask[] = [];
let scheduled = false;

/** `task` is called when this round is over, in any case after the caller has returned. The caller remembers that it waits. */
export function atRoundEnd(task: RoundTask): void {
  tasks.push(task);
  if (scheduled) return;
  scheduled = true;
  setImmediate(onPollDone);
}

/** Ends the round early where too much would wait for its end. */
export function limitRound(): void {
  if (tasks.length >= MAX_TASKS) endRound();
}

/** Does what waits. */
export function endRound(): void {
  const due = tasks;
  if (due.length === 0) return;
  tasks = [];
  let done = 0;
  try {
    while (done < due.length) due[done++]!.onRoundEnd();
  } finally {
    // One has thrown: the others have their turn.
    for (; done < due.length; done++) atRoundEnd(due[done]!);
  }
}

/** What is put off meanwhile waits for the end of the next round, and costs an immediate only when there is something. */
function onPollDone(): void {
  try {
    endRound();
  } finally {
    scheduled = tasks.length > 0;
    if (scheduled) setImmediate(onPollDone);
  }
}
