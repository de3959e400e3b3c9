/**
 * `npm run api`: writes src/api/generated/ from the committed descriptor sets. Needs npm only.
 *
 *     node tools/api/generate.ts [output folder]
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readDescriptorSet, selectFiles } from './api-files.ts';
import { compileSolo } from './compile-solo.ts';
import { ENVOY_VERSION } from './envoy-version.ts';
import { writePack } from './write-pack.ts';
import { HEADER, writeTypes } from './write-types.ts';

export const OUTPUT = fileURLToPath(new URL('../../src/api/generated', import.meta.url));

/** Replaces the folder. */
export function generate(outputFolder: string): void {
  const set = readDescriptorSet(new URL('envoy-api.binpb.gz', import.meta.url));
  set.file.push(...compileSolo(set));
  const { files, registry } = selectFiles(set);
  rmSync(outputFolder, { recursive: true, force: true });
  const write = (path: string, content: string | Uint8Array): void => {
    const target = join(outputFolder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, content);
  };
  for (const [path, text] of writeTypes(files)) write(path, text);
  write('version.ts', `${HEADER}/** The Envoy release whose API this is. */\nexport const ENVOY_API_VERSION = '${ENVOY_VERSION}';\n`);
  write('api.pack', writePack(files, registry));
}

if (import.meta.main) generate(process.argv[2] ?? OUTPUT);
