#!/usr/bin/env -S node --max-semi-space-size=16
'use strict';
// Plain CommonJS that old releases of Node can read, to tell them what is missing.
const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  const release = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}@24`;
  process.stderr.write(`nuncio needs Node.js 24 or newer; this is ${process.version} (${process.execPath}). "npm install ${release}" puts one beside it, which npx takes.\n`);
  process.exit(1);
}
import('./main.js');
