import type { Node } from '../api/generated/envoy/config/core/v3.ts';
import { create } from '../api/protobuf.ts';
import { schemaOf } from '../api/registry.ts';
import type { NodeInfo } from '../core/extension.ts';
import type { ExtensionRegistry } from './extension-registry.ts';
import { ENVOY_VERSION, VERSION } from './version.ts';

export interface NodeFacts {
  /** The bootstrap's. */
  readonly configured: Node | undefined;
  /** With what the command line overrides. */
  readonly info: NodeInfo;
  readonly registry: ExtensionRegistry;
  readonly transport: string;
}

/**
 * The node as it shows itself: the configured one, and what the proxy fills in. How bytes move stands among the free-form facts of the build, where
 * no reader of Envoy's answer trips over it.
 */
export function nodeMessage({ configured, info, registry, transport }: NodeFacts): Node {
  const [majorNumber = 0, minorNumber = 0, patch = 0] = ENVOY_VERSION.split('.').map(Number);
  const node = create(schemaOf('envoy.config.core.v3.Node'), {
    id: info.id,
    cluster: info.cluster,
    userAgentName: 'envoy',
    extensions: [
      ...registry.all.map(({ name, category, configType }) => ({ name, category, typeUrls: [configType] })),
      ...registry.disabled.map(({ name, category, configType }) => ({ name, category, typeUrls: [configType], disabled: true })),
    ],
    userAgentVersionType: {
      case: 'userAgentBuildVersion',
      value: {
        version: { majorNumber, minorNumber, patch },
        metadata: {
          'revision.sha': `nuncio-${VERSION}`,
          'revision.status': 'Clean',
          'build.type': 'RELEASE',
          'ssl.version': 'OpenSSL',
          'nuncio.transport': transport,
        },
      },
    },
  });
  const { metadata, dynamicParameters = {}, clientFeatures = [], locality } = configured ?? {};
  Object.assign(node, { dynamicParameters, clientFeatures }, metadata && { metadata });
  if (info.zone === '' && locality === undefined) return node;
  const { region = '', subZone = '' } = locality ?? {};
  return { ...node, locality: create(schemaOf('envoy.config.core.v3.Locality'), { region, zone: info.zone, subZone }) };
}
