import { type AdminHandler, json, OK, text } from './handler.ts';

/** `/runtime`: every key with its value in each layer, lowest first. */
export const runtime: AdminHandler = (_request, host) => {
  const layers = host.runtime.layers();
  const keys = [...new Set(layers.flatMap(({ entries }) => [...entries.keys()]))].sort();
  const entries: [string, unknown][] = keys.map((key) => {
    const values = layers.map(({ entries: of }) => of.get(key)?.text ?? '');
    return [key, { layer_values: values, final_value: values.findLast((value) => value !== '') ?? '' }];
  });
  const body = { layers: layers.map(({ name }) => name), entries: Object.fromEntries(entries) };
  return json(`${JSON.stringify(body, undefined, 1)}\n`);
};

const USAGE = `usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN
       or send the parameters as form values
use an empty value to remove a previously added override`;

export const runtimeModify: AdminHandler = ({ params }, host) => {
  if (params.size === 0) return text(USAGE, 400);
  return host.runtime.modify(params) ? OK : text('No admin layer specified', 503);
};
