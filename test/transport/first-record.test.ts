import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstRecordFault } from '../../src/transport/first-record.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

test.each<[string, Buffer, object | undefined]>([
  ['plain HTTP', latin1('GET / HTTP/1.1'), { reason: 'HTTP_REQUEST', alert: 0 }],
  ['a request to a proxy', latin1('CONNECT a:1'), { reason: 'HTTPS_PROXY_REQUEST', alert: 0 }],
  ['another protocol', latin1('SSH-2.0-x'), { reason: 'WRONG_VERSION_NUMBER', alert: 70 }],
  ['a record that is too long', latin1('\x16\x03\x01\xff\xff'), { reason: 'ENCRYPTED_LENGTH_TOO_LONG', alert: 22 }],
  ['application data', latin1('\x17\x03\x03\x00\x01x'), { reason: 'UNEXPECTED_RECORD', alert: 10 }],
  ['another handshake message', latin1('\x16\x03\x01\x00\x04\x0e\x00\x00\x00'), { reason: 'UNEXPECTED_MESSAGE', alert: 10 }],
  ['a message that is too long', latin1('\x16\x03\x01\x00\x04\x01\x00\x40\x01'), { reason: 'EXCESSIVE_MESSAGE_SIZE', alert: 47 }],
  ['a fatal alert', latin1('\x15\x03\x01\x00\x02\x02\x28'), { reason: 'SSLV3_ALERT_HANDSHAKE_FAILURE', alert: 0 }],
  ['a farewell', latin1('\x15\x03\x01\x00\x02\x01\x00'), { reason: undefined, alert: 0 }],
  ['an alert without content', latin1('\x15\x03\x01\x00\x00'), { reason: 'BAD_ALERT', alert: 10 }],
  ['an alert of no level', latin1('\x15\x03\x01\x00\x02\x07\x28'), { reason: 'UNKNOWN_ALERT_TYPE', alert: 47 }],
  ['half of an alert', latin1('\x15\x03\x01\x00\x02'), undefined],
  ['half of a record header', latin1('GET '), undefined],
  ['a long message in half a record', latin1('\x16\x03\x01\x00\x05\x01\xff\xff\xff'), undefined],
  ['the largest message', latin1('\x16\x03\x01\x00\x04\x01\x00\x40\x00'), undefined],
  ['a hello of SSL 2', latin1('\x80\x2e\x01\x03\x01'), undefined],
])('the first bytes are judged as BoringSSL judges %s', (_what, bytes, fault) => {
  const found = firstRecordFault(bytes);
  expect(found && { reason: found.reason?.name, alert: found.alert }).toEqual(fault);
});

test('more bytes never take a fault back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 40 }), (first, more) => {
      const fault = firstRecordFault(Buffer.from(first));
      if (fault !== undefined) expect(firstRecordFault(Buffer.concat([first, more]))).toEqual(fault);
    }),
  );
});
