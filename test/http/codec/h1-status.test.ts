import { STATUS_CODES } from 'node:http';
import { expect, it } from 'vitest';
import { statusLine } from '../../../src/http/codec/h1-status.ts';

/** Where Envoy's names are not those of the registry. */
const ENVOY: Readonly<Record<number, string>> = { 103: 'Unknown', 418: 'Unknown', 451: 'Unknown', 509: 'Unknown', 599: 'Last Unassigned Server Error Code' };

it('every status has the reason phrase that Envoy writes', () => {
  for (let status = 100; status < 1000; status++) {
    const reason = ENVOY[status] ?? STATUS_CODES[status] ?? 'Unknown';
    expect([statusLine(status, 1), statusLine(status, 0)]).toEqual([`HTTP/1.1 ${status} ${reason}\r\n`, `HTTP/1.0 ${status} ${reason}\r\n`]);
  }
});
