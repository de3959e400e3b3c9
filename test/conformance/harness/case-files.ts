/** Reads case files: `cases/<area>/<topic>.yaml`, each a set of cases that share a configuration. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { buildConfig, layer } from './base-config.ts';
import type { Case, Mask, Part } from './case.ts';
import { ConformanceError, PARTS } from './case.ts';
import { checkKeys, clientSteps, upstreamScript } from './case-steps.ts';

type Tree = Record<string, unknown>;

const SUITE_KEYS = ['about', 'base', 'config', 'files', 'upstreams', 'ignore', 'mask', 'fresh', 'cases'];
const CASE_KEYS = ['about', 'config', 'files', 'upstreams', 'client', 'ignore', 'mask', 'fresh', 'difference'];

const ROOT = new URL('../', import.meta.url);
export const CASES = new URL('cases/', ROOT);
const BASES = new URL('bases/', ROOT);

const readYaml = (file: string): Tree => {
  let parsed: unknown;
  try {
    parsed = load(readFileSync(new URL(file, CASES), 'utf8'), { filename: `cases/${file}` });
  } catch (error) {
    throw new ConformanceError((error as Error).message.split('\n')[0]);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ConformanceError(`cases/${file}: not a map`);
  }
  return parsed as Tree;
};

const parts = (raw: unknown, where: string): Part[] => {
  const list = (raw ?? []) as Part[];
  for (const part of list) {
    if (!PARTS.includes(part)) throw new ConformanceError(`${where}: ignore: unknown part '${part}' (${PARTS.join(', ')})`);
  }
  return list;
};

const masks = (raw: unknown, where: string): Mask[] =>
  ((raw ?? []) as Tree[]).map((mask) => {
    checkKeys(mask, ['name', 'match', 'to'], `${where} mask`);
    return { name: String(mask.name), match: new RegExp(String(mask.match), 'gm'), to: String(mask.to ?? `{{${mask.name}}}`) };
  });

const hashOf = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value, (_, item: unknown) => (item instanceof RegExp ? item.source : item)))
    .digest('hex')
    .slice(0, 16);

/** A case of a topic, from what their files say. */
export const readCase = (area: string, topic: string, name: string, suite: Tree, raw: Tree): Case => {
  const id = `${area}/${topic}#${name}`;
  checkKeys(raw, CASE_KEYS, id);
  const scripts = layer(suite.upstreams ?? { origin: {} }, raw.upstreams ?? {}) as Tree;
  const upstreams = Object.fromEntries(
    Object.keys(scripts).map((key) => {
      const own = (raw.upstreams as Tree | undefined)?.[key] ?? (suite.upstreams as Tree | undefined)?.[key];
      return [key, upstreamScript(isEmpty(own) ? undefined : own, `${id} upstream '${key}'`)];
    }),
  );
  const overrides = layer(suite.config ?? {}, raw.config ?? {}) as Tree;
  const played = {
    config: buildConfig(BASES, String(suite.base ?? 'gateway'), overrides, Object.keys(upstreams)),
    upstreams,
    client: clientSteps(raw.client, id),
    ignore: parts(raw.ignore ?? suite.ignore, id),
    masks: [...masks(suite.mask, id), ...masks(raw.mask, id)],
    fresh: Boolean(raw.fresh ?? suite.fresh ?? false),
  };
  const files = { ...(suite.files as Record<string, string>), ...(raw.files as Record<string, string>) };
  const hashed = Object.keys(files).length === 0 ? played : { ...played, files };
  const difference = raw.difference === undefined ? undefined : String(raw.difference);
  return { id, area, topic, name, about: String(raw.about ?? ''), ...played, files, difference, hash: hashOf(hashed) };
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0 && !Array.isArray(value);

const readTopic = (area: string, topic: string): Case[] => {
  const file = `${area}/${topic}.yaml`;
  const suite = readYaml(file);
  checkKeys(suite, SUITE_KEYS, `cases/${file}`);
  if (typeof suite.cases !== 'object' || suite.cases === null) throw new ConformanceError(`cases/${file}: no 'cases'`);
  return Object.entries(suite.cases).map(([name, raw]) => {
    try {
      return readCase(area, topic, name, suite, (raw ?? {}) as Tree);
    } catch (error) {
      if (error instanceof ConformanceError && !error.message.startsWith(area)) {
        throw new ConformanceError(`${area}/${topic}#${name}: ${error.message}`);
      }
      throw error;
    }
  });
};

/** All cases whose id contains `filter`, in the order of the files. */
export const readCases = (filter = ''): Case[] => {
  const files = readdirSync(CASES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));
  const topics = files.sort().map((file) => file.replace(/\.yaml$/, '').split(/[/\\]/));
  const bad = topics.find((steps) => steps.length !== 2);
  if (bad !== undefined) throw new ConformanceError(`cases/${bad.join('/')}.yaml: cases live in cases/<area>/<topic>.yaml`);
  return topics.flatMap(([area, topic]) => readTopic(area, topic)).filter((one) => one.id.includes(filter));
};
