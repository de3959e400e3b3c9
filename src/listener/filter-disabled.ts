import type { ListenerFilterChainMatchPredicate as Predicate } from '../api/generated/envoy/config/listener/v3.ts';
import type { AcceptedSocket, ListenerFilter } from './listener-filter.ts';

/** A listener filter that does not look at the connections which `filter_disabled` names. */
export function unlessDisabled(filter: ListenerFilter, predicate: Predicate | undefined): ListenerFilter {
  if (predicate === undefined) return filter;
  return { open: (socket) => (matches(predicate, socket) ? undefined : filter.open(socket)) };
}

function matches({ rule }: Predicate, socket: AcceptedSocket): boolean {
  switch (rule.case) {
    case 'orMatch':
      return rule.value.rules.some((one) => matches(one, socket));
    case 'andMatch':
      return rule.value.rules.every((one) => matches(one, socket));
    case 'notMatch':
      return !matches(rule.value, socket);
    case 'anyMatch':
      return true;
    case 'destinationPortRange':
      return socket.localAddress.port >= rule.value.start && socket.localAddress.port < rule.value.end;
    default:
      return false;
  }
}
