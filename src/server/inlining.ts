/** Bytes of bytecode that V8 may make one function of, by default 920 and 27, and how much of a function's calls must reach what it inlines. */
const FLAGS = ['--max-inlined-bytecode-size-cumulative=4000', '--max-inlined-bytecode-size-small=60', '--min-inlining-frequency=0.03'];

/** Lets V8 compile the request path as few large functions instead of many small ones (docs/decisions/inlining.md). For the whole process, so only a program asks for it. */
export function inlineMore(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  for (const flag of FLAGS) setFlagsFromString(flag);
}
