import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { schemaOf } from '../../src/api/registry.ts';
import { MAX_DOCUMENT_BYTES } from '../../src/config/document.ts';
import { loadBootstrap, loadContent, loadFile, loadResource, type Loaded } from '../../src/config/loader.ts';
import { unpack } from '../../src/config/open-any.ts';
import { ConfigPath, formatProblem, MAX_PROBLEMS } from '../../src/core/problems.ts';
import { threadCpuMs } from '../support/thread-cpu.ts';

const BOOTSTRAP = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
const CLUSTER = schemaOf('envoy.config.cluster.v3.Cluster');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nuncio-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function errorsOf({ problems }: Loaded): string[] {
  return problems.errors.map((problem) => formatProblem(problem).replaceAll(`${folder}/`, ''));
}

const nodeId = (path: string): string | undefined => loadBootstrap({ path }).message?.node?.id;

describe('a file', () => {
  test('is read by its extension, in any case; without one it is JSON', () => {
    expect(nodeId(file('a.yaml', 'node: {id: a}'))).toBe('a');
    expect(nodeId(file('a.yml', 'node: {id: a}'))).toBe('a');
    expect(nodeId(file('A.YAML', 'node: {id: a}'))).toBe('a');
    expect(nodeId(file('a.json', '{"node": {"id": "a"}}'))).toBe('a');
    expect(nodeId(file('a', '{"node": {"id": "a"}}'))).toBe('a');
    expect(nodeId(file('a.pb', toBinary(BOOTSTRAP, create(BOOTSTRAP, { node: { id: 'a' } }))))).toBe('a');
    expect(nodeId(file('a.pb_text', 'node { id: "a" }'))).toBe('a');
    expect(errorsOf(loadBootstrap({ path: file('b', 'node: {id: a}') }))).toEqual(["b:1:1: invalid JSON: unexpected character: 'n'"]);
  });

  test('that cannot be read is an error that says why', () => {
    const missing = join(folder, 'missing.yaml');
    expect(errorsOf(loadBootstrap({ path: missing }))).toEqual(['Invalid path: missing.yaml: no such file']);
    mkdirSync(join(folder, 'directory.yaml'));
    expect(errorsOf(loadBootstrap({ path: join(folder, 'directory.yaml') }))).toEqual(['Invalid path: directory.yaml: it is a directory']);
    expect(errorsOf(loadBootstrap({ path: join(file('plain', '{}'), 'x.yaml') }))).toEqual(['Invalid path: plain/x.yaml: a part of the path is no directory']);
  });

  test.skipIf(process.getuid?.() === 0)('that may not be read is an error that says so', () => {
    const path = file('secret.yaml', 'node: {}');
    chmodSync(path, 0);
    expect(errorsOf(loadBootstrap({ path }))).toEqual(['Invalid path: secret.yaml: permission denied']);
  });

  test('that says nothing is an error', () => {
    for (const content of ['', '~', 'text', '# comment']) {
      expect(errorsOf(loadBootstrap({ path: file('empty.yaml', content) }))).toEqual(['empty.yaml:1:1: Unable to convert YAML as JSON: expected an object']);
    }
    expect(errorsOf(loadBootstrap({ path: file('empty.json', '') }))).toEqual(['empty.json:1:1: invalid JSON: unexpected end']);
    expect(errorsOf(loadBootstrap({ path: file('list.yaml', '- a') }))).toEqual([
      'list.yaml:1:1: expected an object (envoy.config.bootstrap.v3.Bootstrap), got a list',
    ]);
  });

  test('in YAML may carry a byte order mark, also of UTF-16', () => {
    expect(nodeId(file('bom.yaml', '\ufeffnode: {id: ä}'))).toBe('ä');
    expect(nodeId(file('le.yaml', Buffer.from('\ufeffnode: {id: ä}', 'utf16le')))).toBe('ä');
    expect(nodeId(file('be.yaml', Buffer.from('\ufeffnode: {id: ä}', 'utf16le').swap16()))).toBe('ä');
  });

  test('in JSON may not', () => {
    expect(errorsOf(loadBootstrap({ path: file('bom.json', '\ufeff{}') }))).toEqual(['bom.json: a byte order mark is not allowed here']);
  });

  test('with bytes that are no UTF-8 is refused as JSON, and patched up as YAML', () => {
    const broken = Buffer.concat([Buffer.from('{"node": {"id": "'), Buffer.from([0xff]), Buffer.from('"}}')]);
    expect(errorsOf(loadBootstrap({ path: file('broken.json', broken) }))).toEqual(['broken.json: invalid UTF-8']);
    expect(nodeId(file('broken.yaml', broken))).toBe('\ufffd');
    expect(nodeId(file('replacement.json', '{"node": {"id": "\ufffd"}}'))).toBe('\ufffd');
  });

  test('larger than the limit is refused without being read', () => {
    const path = file('large.yaml', Buffer.alloc(MAX_DOCUMENT_BYTES + 1, '#'));
    const started = threadCpuMs();
    expect(errorsOf(loadBootstrap({ path }))).toEqual([`large.yaml is larger than ${MAX_DOCUMENT_BYTES} bytes`]);
    expect(threadCpuMs() - started).toBeLessThan(1_000);
    rmSync(path);
  });

  test('without end is refused at the limit', () => {
    expect(errorsOf(loadBootstrap({ path: '/dev/zero' }))).toEqual([`/dev/zero is larger than ${MAX_DOCUMENT_BYTES} bytes`]);
  });

  test('of broken binary is an error', () => {
    expect(errorsOf(loadBootstrap({ path: file('broken.pb', Buffer.from([0xff, 0xff])) }))).toEqual([
      'Unable to parse file "broken.pb" as a binary protobuf (type envoy.config.bootstrap.v3.Bootstrap): an illegal tag at byte 5',
    ]);
  });
});

describe('--config-yaml', () => {
  const base = `node: {id: a, cluster: b, metadata: {x: 1, y: 1}}
admin: {address: {pipe: {path: /a}}}
static_resources:
  clusters:
  - name: one
`;
  const merged = (yaml: string): Loaded => loadBootstrap({ path: file('base.yaml', base), yaml });

  test('stands alone or is merged over the file', () => {
    expect(loadBootstrap({ yaml: 'node: {id: z}' }).message?.node?.id).toBe('z');
    const { message, problems } = merged('node: {id: z, metadata: {y: 2}}\nstatic_resources: {clusters: [{name: two}]}');
    expect(problems.errors).toEqual([]);
    expect(message).toMatchObject({
      node: { id: 'z', cluster: 'b', metadata: { x: 1, y: 2 } },
      staticResources: { clusters: [{ name: 'one' }, { name: 'two' }] },
    });
  });

  test('replaces the other case of a oneof and joins the same one', () => {
    const other = merged('admin: {address: {socket_address: {address: a, port_value: 1}}}').message;
    expect(other).toMatchObject({ admin: { address: { address: { case: 'socketAddress' } } } });
    const same = merged('admin: {address: {pipe: {mode: 5}}}').message;
    expect(same).toMatchObject({ admin: { address: { address: { case: 'pipe', value: { path: '/a', mode: 5 } } } } });
  });

  test('and the file each place their own problems', () => {
    const yaml = 'static_resources:\n  clusters:\n  - name: ""\n  - name: ok\n    outlier_detection: {max_ejection_percent: 101}';
    const path = file('faulty.yaml', base.replace('name: one', 'outlier_detection: {max_ejection_percent: 102}'));
    expect(errorsOf(loadBootstrap({ path, yaml })).map((line) => line.slice(0, line.indexOf(': Proto')))).toEqual([
      'faulty.yaml:5:5: static_resources.clusters[0].name',
      'faulty.yaml:5:47: static_resources.clusters[0].outlier_detection.max_ejection_percent',
      '--config-yaml:3:11: static_resources.clusters[1].name',
      '--config-yaml:5:47: static_resources.clusters[2].outlier_detection.max_ejection_percent',
    ]);
  });

  test('or a file there must be', () => {
    const error = 'At least one of --config-path or --config-yaml or Options::configProto() should be non-empty';
    expect(errorsOf(loadBootstrap({}))).toEqual([error]);
    expect(errorsOf(loadBootstrap({ path: '', yaml: '' }))).toEqual([error]);
  });
});

describe('problems', () => {
  const content = (yaml: string): Loaded => loadContent(CLUSTER, { name: 'c.yaml', content: yaml, format: 'yaml' });

  test('of decoding hide those that validation would report because of them', () => {
    expect(errorsOf(content('name: 5'))).toEqual(['c.yaml:1:7: name: expected a string, got 5; quote it']);
    expect(errorsOf(content('name: a\nhealth_checks: [{timeout: 1s, interval: 1s, unhealthy_threshold: 1, healthy_threshold: 1, tcp_helth_check: {}}]'))).toEqual([
      "c.yaml:2:91: health_checks[0].tcp_helth_check: no such field in envoy.config.core.v3.HealthCheck (did you mean 'tcp_health_check'?)",
    ]);
  });

  test('of a misspelt field hide that the field is missing', () => {
    expect(errorsOf(content('nmae: a'))).toEqual(["c.yaml:1:1: nmae: no such field in envoy.config.cluster.v3.Cluster (did you mean 'name'?)"]);
  });

  test('of both kinds are reported together', () => {
    expect(errorsOf(content('alt: a\nname: ""'))).toHaveLength(2);
  });

  test('of later stages find their place in the text, also inside a TypedStruct', () => {
    const yaml = `name: a
transport_socket:
  name: t
  typed_config:
    "@type": type.googleapis.com/xds.type.v3.TypedStruct
    type_url: type.googleapis.com/envoy.config.core.v3.Node
    value:
      id: x
`;
    const { problems } = content(yaml);
    problems.error(ConfigPath.root.field('transport_socket').field('typed_config').field('id'), 'no');
    problems.error(ConfigPath.root.field('transport_socket').field('typed_config').field('missing'), 'no');
    expect(problems.errors.map(({ position }) => `${position!.line}:${position!.column}`)).toEqual(['8:11', '5:5']);
  });

  test('beyond the limit are counted, not kept', () => {
    const { problems } = content(`name: a\nhealth_checks: [${'{timeout: x}, '.repeat(MAX_PROBLEMS + 50)}]`);
    expect(problems.errors).toHaveLength(MAX_PROBLEMS);
    expect(problems.full).toBe(true);
  });
});

describe('a resource from a control plane', () => {
  const at = ConfigPath.root.key('web');
  const any = (bytes: Uint8Array, typeUrl = `type.googleapis.com/${CLUSTER.typeName}`) => ({ typeUrl, value: bytes });

  test('is opened and validated', () => {
    const loaded = loadResource(CLUSTER, any(toBinary(CLUSTER, create(CLUSTER, { name: 'web' }))), at);
    expect(loaded.problems.errors).toEqual([]);
    expect(loaded.message).toMatchObject({ name: 'web' });
    expect(errorsOf(loadResource(CLUSTER, any(new Uint8Array()), at))).toEqual([
      '["web"].name: Proto constraint validation failed (ClusterValidationError.Name: value length must be at least 1 characters)',
    ]);
  });

  test('of another type, or broken, is refused', () => {
    expect(errorsOf(loadResource(CLUSTER, any(new Uint8Array(), 'type.googleapis.com/envoy.config.core.v3.Node'), at))).toEqual([
      '["web"]: Unable to unpack as envoy.config.cluster.v3.Cluster: the resource is of type type.googleapis.com/envoy.config.core.v3.Node',
    ]);
    expect(errorsOf(loadResource(CLUSTER, any(Uint8Array.of(0xff)), at))).toEqual([
      '["web"]: Unable to unpack as envoy.config.cluster.v3.Cluster: an illegal tag at byte 5',
    ]);
  });

  test('may have unknown fields where the policy says so, and counts them', () => {
    const bytes = Buffer.concat([toBinary(CLUSTER, create(CLUSTER, { name: 'web' })), Uint8Array.of(0xca, 0x3e, 1, 0x61)]);
    const warned = loadResource(CLUSTER, any(bytes), at, { unknownFieldPolicy: 'warn' });
    expect([warned.problems.ok, warned.problems.warnings.length, warned.unknownFields]).toEqual([true, 1, 1]);
    expect(loadResource(CLUSTER, any(bytes), at, { unknownFieldPolicy: 'ignore' }).problems.warnings).toEqual([]);
    expect(loadResource(CLUSTER, any(bytes), at).problems.ok).toBe(false);
  });

  test('can come in a file of a discovery response, with places', () => {
    const path = file('cds.yaml', `version_info: "1"\nresources:\n- "@type": type.googleapis.com/${CLUSTER.typeName}\n  name: web\n  connect_timeout: 0s\n`);
    const { message, problems } = loadFile(schemaOf('envoy.service.discovery.v3.DiscoveryResponse'), path);
    expect(unpack((message as unknown as { resources: [never] }).resources[0])).toMatchObject({ name: 'web' });
    expect(problems.errors.map(({ path: where, position }) => [where, position!.line, position!.column])).toEqual([['resources[0].connect_timeout', 5, 20]]);
  });
});

test('the use of deprecated fields is counted without a warning when that is asked for', () => {
  const yaml = 'static_resources: {clusters: [{name: c, http2_protocol_options: {}}]}';
  const loud = loadBootstrap({ yaml });
  const quiet = loadBootstrap({ yaml, skipDeprecatedLogs: true });
  expect(loud.problems.warnings.map(({ message }) => message.split(' ')[0])).toEqual(['Using']);
  expect(quiet.problems.warnings).toEqual([]);
  expect(quiet.deprecatedUses).toBe(loud.deprecatedUses);
});

test('the static layers of a bootstrap decide about deprecated features', () => {
  const bootstrap = (layer: string): Loaded =>
    loadBootstrap({
      yaml: `layered_runtime: {layers: [{name: a, static_layer: ${layer}}]}
static_resources:
  clusters:
  - name: a
    metadata: {typed_filter_metadata: {k: {"@type": type.googleapis.com/envoy.config.route.v3.RateLimit, actions: [{dynamic_metadata: {descriptor_key: a, metadata_key: {key: b, path: [{key: c}]}}}]}}}`,
    });
  expect(bootstrap('{}').problems.ok).toBe(false);
  expect(bootstrap('{envoy.features.enable_all_deprecated_features: true}').problems.ok).toBe(true);
  expect(bootstrap('{envoy: {features: {enable_all_deprecated_features: true}}}').problems.ok).toBe(true);
  expect(bootstrap('{"envoy.deprecated_features:envoy.config.route.v3.RateLimit.Action.dynamic_metadata": true}').problems.ok).toBe(true);
});
