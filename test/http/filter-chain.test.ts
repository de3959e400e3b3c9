import { expect, test } from 'vitest';
import type { HttpFilter } from '../../src/http/filter.ts';
import { createFilterChain, enabledFilters, type FilterChain } from '../../src/http/filter-chain.ts';
import type { Route } from '../../src/http/route/route.ts';

const filter: HttpFilter = { onDestroy() {} };
const chain = createFilterChain([{ name: 'off', filter, disabled: true }, { name: 'on', filter, disabled: false }]);

const names = ({ entries }: FilterChain): string[] => entries.map(({ name }) => name);

const routeThatSays = (disabled: Readonly<Record<string, boolean>>): Route =>
  ({ mayDisableFilters: Object.values(disabled).includes(true), filterConfig: (name: string) => (name in disabled ? { disabled: disabled[name] } : undefined) }) as unknown as Route;

test('a filter that the configuration turns off stays off until a route turns it on', () => {
  expect(names(enabledFilters(chain, undefined))).toEqual(['on']);
  expect(names(enabledFilters(chain, routeThatSays({})))).toEqual(['on']);
  expect(names(enabledFilters(chain, routeThatSays({ off: false })))).toEqual(['off', 'on']);
  expect(names(enabledFilters(chain, routeThatSays({ off: false, on: true })))).toEqual(['off']);
});

test('requests that meet no route go through the same chain, made once', () => {
  expect(chain.unrouted).toBe(chain.unrouted);
  expect(names(chain.unrouted)).toEqual(['on']);
  expect(chain.unrouted.unrouted).toBe(chain.unrouted);
});
