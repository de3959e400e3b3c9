import { describe, expect, it } from 'vitest';
import { FilterChain } from '../../../src/http/filter-chain.ts';
import { grantsUpgrade, upgradeChain, type UpgradeConfigs } from '../../../src/filters/network/http-connection-manager/upgrades.ts';
import { HeaderMap } from '../../../src/http/header-map.ts';
import { H } from '../../../src/http/header-name.ts';
import type { Route } from '../../../src/http/route/route.ts';

const USUAL = new FilterChain([]);
const OWN = new FilterChain([]);

function head(method: string, protocol: string | undefined): HeaderMap {
  const headers = new HeaderMap();
  headers.method = method;
  if (protocol !== undefined) headers.add(H.upgrade, protocol);
  return headers;
}

function routeWith(upgrades: Record<string, boolean> | undefined): Route {
  return { kind: 'forward', upgrades: upgrades && new Map(Object.entries(upgrades)) } as unknown as Route;
}

describe('the filters for an upgrade', () => {
  const chosen = (protocol: string, manager: UpgradeConfigs | undefined, route: Route | undefined): FilterChain | undefined =>
    upgradeChain(head('GET', protocol), route, { upgrades: manager, chain: USUAL });

  it('are none unless manager or route enable the protocol', () => {
    expect(chosen('websocket', undefined, routeWith(undefined))).toBeUndefined();
    expect(chosen('websocket', new Map([['foo', { enabled: true, chain: undefined }]]), undefined)).toBeUndefined();
  });

  it('are what the route says before what the manager says', () => {
    const on: UpgradeConfigs = new Map([['websocket', { enabled: true, chain: OWN }]]);
    const off: UpgradeConfigs = new Map([['websocket', { enabled: false, chain: OWN }]]);
    expect(chosen('WebSocket', on, routeWith({ websocket: false }))).toBeUndefined();
    expect(chosen('WebSocket', off, routeWith({ websocket: true }))).toBe(OWN);
    expect(chosen('WebSocket', off, routeWith({ foo: true }))).toBeUndefined();
    expect(chosen('WebSocket', undefined, routeWith({ websocket: true }))).toBe(USUAL);
  });

  it('are those of CONNECT when there is no other protocol', () => {
    const manager: UpgradeConfigs = new Map([['connect', { enabled: true, chain: OWN }]]);
    const config = { upgrades: manager, chain: USUAL };
    expect(upgradeChain(head('CONNECT', undefined), undefined, config)).toBe(OWN);
    expect(upgradeChain(head('CONNECT', 'websocket'), undefined, config)).toBeUndefined();
  });
});

describe('an answer that grants an upgrade', () => {
  it('names it in Connection and Upgrade, or is 200 to CONNECT', () => {
    const answer = (status: number, connection?: string): HeaderMap => {
      const headers = head('', connection === undefined ? undefined : 'foo');
      headers.status = status;
      if (connection !== undefined) headers.add(H.connection, connection);
      return headers;
    };
    expect(grantsUpgrade(head('GET', 'foo'), answer(101, 'x, UPGRADE'))).toBe(true);
    expect(grantsUpgrade(head('GET', 'foo'), answer(101, 'close'))).toBe(false);
    expect(grantsUpgrade(head('CONNECT', undefined), answer(200))).toBe(true);
    expect(grantsUpgrade(head('CONNECT', undefined), answer(201))).toBe(false);
  });
});
