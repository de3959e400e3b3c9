import type { RbacVerdict } from './compile.ts';

/** What a filter tells of a verdict in its dynamic metadata. `mode`: `shadow` or `enforced`, with the filter's prefix before it. */
export function verdictMetadata(mode: string, { allowed, policy }: RbacVerdict): Readonly<Record<string, unknown>> {
  const result = { [`${mode}_engine_result`]: allowed ? 'allowed' : 'denied' };
  return policy === '' ? result : { ...result, [`${mode}_effective_policy_id`]: policy };
}

/** Why a request or connection is closed. */
export function denialDetails({ policy }: RbacVerdict): string {
  return `rbac_access_denied_matched_policy[${policy === '' ? 'none' : policy.replaceAll(/\s/g, '_')}]`;
}
