import type { Config } from '../api/generated/envoy/extensions/rbac/principals/mtls_authenticated/v3.ts';
import type { Extension } from '../core/extension.ts';
import type { RbacRule } from '../http/rbac/compile.ts';
import type { CertificateInfo } from '../transport/transport-socket.ts';
import { compileSanRule, sanMatches, type SanRule } from './san-rules.ts';
import { subjectAltNames } from './x509.ts';

/** A principal: whoever has shown a certificate that leads to a trusted one, and which names what `san_matcher` asks for. */
export const mtlsAuthenticatedExtension: Extension<Config, RbacRule> = {
  name: 'envoy.rbac.principals.mtls_authenticated',
  category: 'envoy.rbac.principals',
  configType: 'envoy.extensions.rbac.principals.mtls_authenticated.v3.Config',
  compile({ sanMatcher, anyValidatedClientCertificate }, at, context) {
    if (sanMatcher === undefined && !anyValidatedClientCertificate) {
      context.error(at, 'envoy.rbac.principals.mtls_authenticated did not have any configured validation. At least one configuration field must be set.');
    }
    const rule = sanMatcher && compileSanRule(sanMatcher, at.field('san_matcher'), context);
    return ({ info: { connection } }) => {
      if (connection.tls?.peerIsValidated !== true) return false;
      if (rule === undefined) return true;
      const peer = connection.tls.peer();
      return peer !== undefined && isNamed(peer, rule);
    };
  },
};

function isNamed(peer: CertificateInfo, rule: SanRule): boolean {
  const { kind } = rule;
  if (kind !== 'other') return peer.alternatives(kind).some((value) => sanMatches(rule, { kind, value, oid: '' }));
  const der = decodeURIComponent(peer.pem).replaceAll(/-----[^-]+-----|\s/g, '');
  return subjectAltNames(Buffer.from(der, 'base64')).some((name) => sanMatches(rule, name));
}
