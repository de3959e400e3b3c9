type CollectGarbage = (options: { type: 'major'; execution: 'async'; flavor: 'last-resort' }) => void;

let collect: CollectGarbage | undefined;

/** `shrink_heap`: the heap of this thread gives back what nobody uses. V8 puts it off as long as it can, and does the usual collection without. */
export function collectGarbage(): void {
  if (collect === undefined) {
    process.getBuiltinModule('node:v8').setFlagsFromString('--expose-gc');
    collect = process.getBuiltinModule('node:vm').runInNewContext('gc') as CollectGarbage;
  }
  collect({ type: 'major', execution: 'async', flavor: 'last-resort' });
}
