import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import type { Json, ProxyPlan } from '../plan.ts';
import { bootstrap } from './envoy-bootstrap.ts';

/** Writes the plan's bootstrap into the peer's directory and returns the file's path. */
export function writeBootstrap(plan: ProxyPlan, directory: string): string {
  return writeYaml(join(directory, 'bootstrap.yaml'), bootstrap(plan, join(directory, 'access.log')));
}

export function writeYaml(file: string, value: Json): string {
  writeFileSync(file, dump(value, { lineWidth: -1, noRefs: true }));
  return file;
}
