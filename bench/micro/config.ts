/**
 * What reading a bootstrap of 500 clusters, each with five endpoints and a route to it, costs: text to tree, tree to messages, rules.
 *
 *     npm run bench -- micro config
 */
import type { Message } from '@bufbuild/protobuf';
import { apiTypes, schemaOf } from '../../src/api/registry.ts';
import { decodeTree } from '../../src/config/decode.ts';
import { parseJson } from '../../src/config/json.ts';
import type { ParsedTree } from '../../src/config/parsed-tree.ts';
import { SourceText } from '../../src/config/source.ts';
import { validateMessage } from '../../src/config/validate.ts';
import { parseYaml } from '../../src/config/yaml.ts';
import { Problems } from '../../src/core/problems.ts';
import { bigBootstrap, toYaml } from '../../test/support/big-bootstrap.ts';
import type { MicroCase } from './runner/micro-case.ts';

const CLUSTERS = 500;
const bootstrap = bigBootstrap({ clusters: CLUSTERS, endpointsPerCluster: 5, virtualHosts: 50, routesPerVirtualHost: 10 });
const json = new SourceText('bootstrap.json', JSON.stringify(bootstrap));
const yaml = new SourceText('bootstrap.yaml', toYaml(bootstrap));
const schema = schemaOf('envoy.config.bootstrap.v3.Bootstrap');
const tree = parseYaml(yaml);
const message = decode(tree);

export const cases: readonly MicroCase[] = [
  { name: '500 clusters of a JSON text, as a tree', run: (count) => repeat(count, () => parseJson(json)) },
  { name: '500 clusters of a YAML text, as a tree', run: (count) => repeat(count, () => parseYaml(yaml)) },
  { name: '500 clusters of a tree, as messages', run: (count) => repeat(count, () => decode(tree)) },
  { name: 'the rules of 500 clusters', run: (count) => repeat(count, () => validateMessage(schema, message, { problems: new Problems() })) },
];

function decode({ root }: ParsedTree): Message {
  return decodeTree(schema, root!, { types: apiTypes, problems: new Problems() }).message;
}

function repeat(count: number, work: () => unknown): unknown {
  let last: unknown;
  for (let done = 0; done < count; done++) last = work();
  return last;
}
