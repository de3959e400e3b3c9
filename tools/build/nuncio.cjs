#!/usr/bin/env -S node --max-semi-space-size=8
'use strict';
// Plain CommonJS that old releases of Node can read, to tell them what is missing.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(`nuncio needs Node.js 24 or newer; this is ${process.version} (${process.execPath})\n`);
  process.exit(1);
}
import('./main.js');
