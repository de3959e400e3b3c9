import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { extractText, extractTrees } from './configs/extract.ts';
import { NuncioJudge } from './configs/nuncio-judge.ts';
import { report, Tally } from './configs/report.ts';
import type { Resource } from './configs/resource.ts';
import type { EnvoyVerdict, NuncioVerdict } from './configs/verdict.ts';
import { causeOf, refusalStage } from './configs/verdict.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'conformance-test-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const found = (text: string): string[] | undefined => extractText(text, 'f', 'yaml')?.map(({ kind, place }) => `${place} ${kind}`);

describe('resources', () => {
  it('are found by their fields, in lists, several documents and either spelling', () => {
    expect(found('static_resources: {clusters: []}')).toEqual(['f bootstrap']);
    expect(found('- {name: a, connectTimeout: 1s}\n- {name: b, filterChains: []}')).toEqual(['f[0] cluster', 'f[1] listener']);
    expect(found('{cluster_name: a, endpoints: []}\n---\n{virtual_hosts: []}\n---\n{name: v, domains: [a], routes: []}')).toEqual([
      'f#0 load assignment',
      'f#1 route configuration',
      'f#2 virtual host',
    ]);
    expect(found('{name: s, generic_secret: {secret: {inline_string: x}}}')).toEqual(['f secret']);
  });

  it('are found by their type, in a discovery response and in a dump', () => {
    const type = '"@type": type.googleapis.com/envoy.config.cluster.v3.Cluster';
    expect(found(`resources: [{${type}, name: a}]`)).toEqual(['f#resources[0] cluster']);
    expect(found(`configs: [{dynamic_active_clusters: [{cluster: {${type}, name: a}}]}]`)).toEqual(['f#configs[0].dynamic_active_clusters[0].cluster cluster']);
  });

  it('are found in strings, as a ConfigMap holds them', () => {
    const map = 'apiVersion: v1\nkind: ConfigMap\ndata:\n  envoy.yaml: |\n    static_resources: {clusters: []}\n';
    expect(found(map)).toEqual(['f#data.envoy.yaml bootstrap']);
  });

  it('are not seen in other objects, and templates are no YAML', () => {
    expect(found('apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: x, domains: 5}')).toEqual([]);
    expect(found('a: {{ .Values.a }}: b')).toBeUndefined();
    expect(found('static_resources:\n\t- broken')).toEqual(['f bootstrap']);
  });

  it('bring along the clusters that they name', () => {
    const [resource] = extractText('{virtual_hosts: [{name: a, domains: [a], routes: [{route: {cluster: one}}]}]}', 'f', 'yaml')!;
    expect(JSON.parse(resource!.text).static_resources.clusters).toMatchObject([{ name: 'one', type: 'STATIC' }]);
  });

  it('are looked for in any tree; one that holds none is told in one line', () => {
    mkdirSync(join(folder, 'a/b'), { recursive: true });
    writeFileSync(join(folder, 'a/b/c.yml'), 'static_resources: {}');
    writeFileSync(join(folder, 'a/notes.md'), 'nothing');
    expect(extractTrees([folder])).toMatchObject({ files: 1, resources: [{ kind: 'bootstrap' }] });
    mkdirSync(join(folder, 'empty'));
    expect(() => extractTrees([join(folder, 'empty')])).toThrow(/^--configs: .*empty holds no file that ends in \.yaml, \.yml or \.json$/);
    expect(() => extractTrees([join(folder, 'nowhere')])).toThrow(/^--configs: .*nowhere does not exist$/);
  });
});

describe('verdicts', () => {
  const RESOURCE: Resource = { kind: 'cluster', place: 'f', text: '', format: 'json' };
  const judged = (problems: string[], schema: string[] = []): NuncioVerdict => ({ kind: 'judged', schema, problems });
  const refused = (message: string): EnvoyVerdict => ({ kind: 'refused', stage: refusalStage(message), message });
  const lines = (envoy: EnvoyVerdict, nuncio: NuncioVerdict): string[] => {
    const tally = new Tally();
    tally.add(RESOURCE, envoy, nuncio);
    return report(tally).split('\n').slice(-2);
  };
  const last = (envoy: EnvoyVerdict, nuncio: NuncioVerdict): string => lines(envoy, nuncio)[1]!;
  const ACCEPTED: EnvoyVerdict = { kind: 'accepted' };

  it('are the same, refused or accepted only here, or a crash', () => {
    expect(last(ACCEPTED, judged([]))).toBe('1 resources: 1 same verdict, 0 refused only here (0 unsupported, 0 bugs), 0 accepted only here, 0 crashes');
    expect(last(ACCEPTED, judged(['f:1:1: a: not supported: a']))).toBe('1 resources: 0 same verdict, 1 refused only here (1 unsupported, 0 bugs), 0 accepted only here, 0 crashes');
    expect(last(ACCEPTED, judged(['f:1:1: a: nonsense']))).toBe('1 resources: 0 same verdict, 1 refused only here (0 unsupported, 1 bugs), 0 accepted only here, 0 crashes');
    expect(last(refused('no'), judged([]))).toBe('1 resources: 0 same verdict, 0 refused only here (0 unsupported, 0 bugs), 1 accepted only here, 0 crashes');
    expect(last(ACCEPTED, { kind: 'crashed', message: 'x' })).toBe('1 resources: 0 same verdict, 0 refused only here (0 unsupported, 0 bugs), 0 accepted only here, 1 crashes');
  });

  it('leave out what Envoy refuses for the sake of the machine, or for a type it was built without', () => {
    for (const message of ['Invalid path: /etc/certs/a.pem', "INVALID_ARGUMENT: could not find @type 'type.googleapis.com/a.B'"]) {
      expect(last(refused(message), judged([]))).toMatch(/^0 resources: 0 same verdict/);
      expect(last(refused(message), judged(['f: refused']))).toMatch(/^1 resources: 1 same verdict/);
    }
  });

  it('of the schema stage count where Envoy came to it', () => {
    const share = (envoy: EnvoyVerdict, nuncio: NuncioVerdict): string => /rules\): (.*) alike/.exec(lines(envoy, nuncio)[0]!)![1]!;
    expect(share(ACCEPTED, judged([]))).toBe('1 of 1');
    expect(share(ACCEPTED, judged(['x'], ['x']))).toBe('0 of 1');
    expect(share(refused('Unable to parse JSON as proto (x)'), judged(['x'], ['x']))).toBe('1 of 1');
    expect(share(refused('Unable to parse JSON as proto (x)'), judged(['x']))).toBe('0 of 1');
    expect(share(refused('malformed IP address: x'), judged(['x'], ['x']))).toBe('0 of 0');
  });

  it('name what is not supported', () => {
    expect(causeOf("f:1:1: a.typed_config: Didn't find a registered implementation for 'n' with type URL: 'x.Y'")).toEqual({ cause: 'extension', what: 'x.Y' });
    expect(causeOf('f:1:1: a: not supported: secrets (for a reason)')).toEqual({ cause: 'field', what: 'secrets' });
    expect(causeOf('f:1:1: a: unknown cluster')).toMatchObject({ cause: 'bug' });
  });
});

describe('a judge of configurations', () => {
  it('outlives the death of its process and names the culprit', async () => {
    const program = join(folder, 'child.mjs');
    writeFileSync(
      program,
      `import { readFileSync } from 'node:fs';
       process.on('message', (path) => readFileSync(path, 'utf8') === 'die' ? process.exit(3) : process.send({ kind: 'judged', schema: [], problems: [path] }));`,
    );
    const judge = new NuncioJudge(folder, program);
    const verdicts = await Promise.all([judge.judge('live', 'json'), judge.judge('die', 'json'), judge.judge('live', 'json')]);
    judge.close();
    const alive = { kind: 'judged', schema: [], problems: ['the file'] };
    expect(verdicts).toEqual([alive, { kind: 'crashed', message: 'the process ended with code 3' }, alive]);
  });

  it('says what nuncio says', async () => {
    const judge = new NuncioJudge(folder, fileURLToPath(new URL('configs/nuncio-judge-child.ts', import.meta.url)));
    const verdict = await judge.judge('static_resource: {}', 'yaml');
    judge.close();
    expect(verdict).toMatchObject({ kind: 'judged', problems: [expect.stringContaining("did you mean 'static_resources'?")] });
  });
});
