import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigPath } from '../../../src/core/problems.ts';
import { compileTextFormat } from '../../../src/http/format/format.ts';
import { compileContext, formatErrors, forwardedEntry, refusedEntry } from './format-fixture.ts';

/** As Envoy 1.40 words them. */
const ERRORS: readonly (readonly [format: string, message: string])[] = [
  ['%FOO%', 'Not supported field in StreamInfo: FOO'],
  ['100% sure', "Incorrect configuration: 100% sure. Couldn't find valid command at position 3"],
  ['%', "Incorrect configuration: %. Couldn't find valid command at position 0"],
  ['a%', "Incorrect configuration: a%. Couldn't find valid command at position 1"],
  ['%REQ(X', "Incorrect configuration: %REQ(X. Couldn't find valid command at position 0"],
  ['%REQ(A):abc%', "Incorrect configuration: %REQ(A):abc%. Couldn't find valid command at position 0"],
  ['%REQ(A)B%', "Incorrect configuration: %REQ(A)B%. Couldn't find valid command at position 0"],
  ['%REQ(X):99999999999999999999%', "Incorrect configuration: %REQ(X):99999999999999999999%. Couldn't find valid command at position 0"],
  ['%req(a)%', "Incorrect configuration: %req(a)%. Couldn't find valid command at position 0"],
  ['%REQ%', 'REQ requires parameters'],
  ['%REQ(A?B?C)%', 'More than 1 alternative header specified in token: A?B?C'],
  ['%REQ(a b)%', 'Invalid header configuration. Format string contains invalid characters.'],
  ['%PROTOCOL(X)%', 'PROTOCOL does not take any parameters or length'],
  ['%DURATION:3%', 'DURATION does not take any parameters or length'],
  ['%HOSTNAME:2%', 'HOSTNAME does not take any parameters or length'],
  ['%START_TIME():3%', 'START_TIME does not allow length to be specified.'],
  ['%START_TIME(%n)%', 'Invalid header configuration. Format string contains newline.'],
  ['%EMIT_TIME_LOCAL(%-5En)%', 'Invalid header configuration. Format string contains newline.'],
  ['%PATH(XX)%', "Invalid PATH option: 'XX', only 'WQ'/'NQ' are allowed"],
  ['%PATH(WQ:XX)%', "Invalid PATH option: 'XX', only 'ORIG'/'PATH'/'ORIG_OR_PATH' are allowed"],
  ['%QUERY_PARAM%', 'QUERY_PARAM requires parameters'],
  ['%QUERY_PARAMS(X)%', "Invalid QUERY_PARAMS option: 'X', only 'ORIG'/'DECODED' are allowed"],
  ['%COMMON_DURATION%', 'COMMON_DURATION requires parameters'],
  ['%COMMON_DURATION(A)%', 'Invalid common duration configuration: A.'],
  ['%COMMON_DURATION(A:B:s)%', 'Invalid common duration precision: s.'],
  ['%COMMON_DURATION(A:B:ns):3%', 'COMMON_DURATION does not allow length to be specified.'],
  ['%FILTER_STATE%', 'Invalid filter state configuration, key cannot be empty.'],
  ['%UPSTREAM_FILTER_STATE%', 'Invalid filter state configuration, key cannot be empty.'],
  ['%FILTER_STATE(a:B)%', 'Invalid filter state serialize type, only support PLAIN/TYPED/FIELD.'],
  ['%FILTER_STATE(a:PLAIN:x)%', 'Invalid filter state serialize type, FIELD should be used with the field name.'],
  ['%METADATA(FOO:a)%', 'FOO is not supported type of metadata'],
  ['%METADATA(constructor:a)%', 'constructor is not supported type of metadata'],
  ['%COMMON_DURATION(DS_RX_BEG:DS_TX_END:toString)%', 'Invalid common duration precision: toString.'],
  ['%DYNAMIC_METADATA%', 'DYNAMIC_METADATA requires parameters'],
  ['%ENVIRONMENT()%', 'ENVIRONMENT requires parameters'],
  ['%DOWNSTREAM_REMOTE_ADDRESS(8)%', 'DOWNSTREAM_REMOTE_ADDRESS does not take any parameters or length'],
  ['%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT(8):2%', 'DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT does not allow length to be specified.'],
  ['%REQUESTED_SERVER_NAME(X)%', "Invalid REQUESTED_SERVER_NAME option: 'X', only 'SNI_ONLY'/'SNI_FIRST'/'HOST_FIRST' are allowed"],
  ['%GRPC_STATUS(X)%', 'GrpcStatusFormatter only supports CAMEL_STRING, SNAKE_STRING or NUMBER. Got: X'],
  ['%COALESCE({"operators":[]})%', "COALESCE: 'operators' array must not be empty"],
  ['%COALESCE({})%', "COALESCE: JSON configuration must contain 'operators' array"],
  ['%COALESCE({"operators":["FOO"]})%', "COALESCE: failed to parse operator at index 0: unknown command: 'FOO'"],
  ['%COALESCE({"operators":["REQ"]})%', 'COALESCE: failed to parse operator at index 0: REQ requires parameters'],
  ['%COALESCE({"operators":[{"command":"REQ","param":"a","max_length":-3}]})%', "COALESCE: failed to parse operator at index 0: 'max_length' must be a positive integer"],
  ['%CLUSTER_METADATA(ns):3%', 'CLUSTER_METADATA does not allow length to be specified.'],
  ['%UPSTREAM_METADATA(ns):3%', 'UPSTREAM_METADATA does not allow length to be specified.'],
  ['%REQ_WITHOUT_QUERY(:PATH)%', 'Not supported field in StreamInfo: REQ_WITHOUT_QUERY'],
];

describe('a format that cannot be compiled', () => {
  it.each(ERRORS)('%s is refused with its path and in the words of Envoy', (format, message) => {
    expect(formatErrors(format)).toEqual([`format: ${message}`]);
  });

  it('%DOWNSTREAM_CX_RTT%, which Envoy knows and this proxy cannot fill, is refused', () => {
    expect(formatErrors('%DOWNSTREAM_CX_RTT%')).toEqual([expect.stringMatching(/^format: not supported: %[A-Z_]+% \(.+\)$/)]);
  });
});

/** Text that is often near to a format. */
const NEAR_FORMATS = fc.array(
  fc.oneof(
    fc.constantFrom('%', '%%', '(', ')', ':', '?', '3', '%REQ(', '%REQ(X?Y):3%', '%START_TIME(', '%E3S', '%f)%', '%METADATA(ROUTE:ns', '%COALESCE({"operators":["', '"]})%', '%PATH(NQ)%', '%COMMON_DURATION(US_RX_BEG:DS_TX_END:us)%'),
    fc.string({ maxLength: 6, unit: 'binary' }),
    fc.string({ maxLength: 6 }),
  ),
  { maxLength: 8 },
).map((parts) => parts.join(''));

describe('any text', () => {
  it('compiles or is reported, and what compiles formats', () => {
    fc.assert(
      fc.property(NEAR_FORMATS, (format) => {
        const { context, errors } = compileContext();
        const bytes = Buffer.from(format, 'utf8').toString('latin1');
        const compiled = compileTextFormat(bytes, '-', ConfigPath.root, context);
        expect(compiled === undefined).toBe(errors().length > 0);
        expect(typeof compiled?.format(forwardedEntry())).toBe(compiled === undefined ? 'undefined' : 'string');
        compiled?.format(refusedEntry());
      }),
      { numRuns: 500 },
    );
  });
});
