import { compileJson, request, streamInfo } from '../../test/http/route/route-fixture.ts';
import type { RouteTable } from '../../src/http/route/route.ts';
import { hostList, prefixList } from '../end-to-end/plan.ts';
import type { MicroCase } from './runner/micro-case.ts';

const ITEM = 'api/v1/items?id=42';
const thousandPaths = Array.from({ length: 1_000 }, (_, route) => `/items/${route}`);

export const cases: readonly MicroCase[] = [
  find('1 route', prefixes(0), `/svc57/${ITEM}`),
  find('100 prefixes, the 58th', prefixes(100), `/svc57/${ITEM}`),
  find('1,000 prefixes, the last', prefixes(1_000), `/svc999/${ITEM}`),
  find('1,000 prefixes, none', prefixes(1_000), `/other/${ITEM}`),
  find('1,000 exact paths, the last', tableOf(['*'], thousandPaths.map((path) => ({ path }))), '/items/999'),
  find('10,000 hosts, the middle one', hosts(10_000), `/svc57/${ITEM}`, 'host-5000.example.com'),
  find('10,000 suffix wildcards, the middle one', wildcards(10_000), `/svc57/${ITEM}`, 'www.host-5000.example.com'),
];

function find(name: string, table: RouteTable, path: string, host = 'bench.example.com'): MicroCase {
  const headers = request({ path, host });
  const info = streamInfo();
  if (table.route(headers, info, 0) === undefined) throw new Error(`${name}: no route found`);
  return {
    name,
    run: (count) => {
      let found: unknown;
      for (let i = 0; i < count; i++) found = table.route(headers, info, 0);
      return found;
    },
  };
}

function prefixes(count: number): RouteTable {
  return tableOf(['*'], [...prefixList(count), '/'].map((prefix) => ({ prefix })));
}

function hosts(count: number): RouteTable {
  return compiled(hostList(count).map((host) => virtualHost(host, [host], [{ prefix: '/' }])));
}

function wildcards(count: number): RouteTable {
  return compiled(hostList(count).map((host) => virtualHost(host, [`*.${host}`], [{ prefix: '/' }])));
}

function tableOf(domains: string[], matches: { [kind: string]: string }[]): RouteTable {
  return compiled([virtualHost('all', domains, matches)]);
}

function virtualHost(name: string, domains: string[], matches: { [kind: string]: string }[]): { [field: string]: object | string } {
  return { name, domains, routes: matches.map((match) => ({ match, route: { cluster: 'origin' } })) };
}

function compiled(virtualHosts: { [field: string]: object | string }[]): RouteTable {
  const { table, errors } = compileJson({ name: 'local', virtualHosts: virtualHosts as never });
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return table;
}
