/**
 * Modules of Node's that are taken as they are: an `import` reads every export of a module, and getters among those of `fs`, `util` and
 * `process` load far more than anybody here uses (docs/decisions/memory.md).
 */
export const fs = process.getBuiltinModule('node:fs');
export const util = process.getBuiltinModule('node:util');
