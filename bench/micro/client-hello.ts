import type { CompileContext } from '../../src/core/extension.ts';
import { silentLogger } from '../../src/core/log.ts';
import { ConfigPath } from '../../src/core/problems.ts';
import { SharedStatStore } from '../../src/core/stats/store.ts';
import { tlsInspectorExtension } from '../../src/filters/listener/tls-inspector/extension.ts';
import type { ListenerSpec } from '../../src/listener/compile.ts';
import { PendingConnection, type PendingOwner } from '../../src/listener/pending-connection.ts';
import { ipAddress } from '../../src/transport/address.ts';
import type { Connection } from '../../src/transport/transport.ts';
import type { MicroCase } from './runner/micro-case.ts';

const context = { stats: new SharedStatStore({ onAnnounce() {} }), log: silentLogger } as unknown as CompileContext;
const filter = tlsInspectorExtension.compile({ maxClientHelloSize: undefined, closeConnectionOnClientHelloParsingErrors: false } as never, ConfigPath.root, context);
const spec = { filters: [filter], filterTimeouts: undefined, continueOnFilterTimeout: false } as unknown as ListenerSpec;
const address = ipAddress('127.0.0.1', 443);
const connection = { local: address, remote: address, unread() {} } as unknown as Connection;

/** As long as a browser's. */
const HELLO_BYTES = 517;

export const cases: readonly MicroCase[] = [
  inspection('a ClientHello of 517 bytes in one read: server name and protocols found', [clientHello(HELLO_BYTES)]),
  inspection('the same in 4 reads', cut(clientHello(HELLO_BYTES), 4)),
];

/** All that a listener does for it between the accepted socket and the choice of a filter chain. */
function inspection(name: string, reads: readonly Buffer[]): MicroCase {
  let found = 0;
  const owner: PendingOwner = {
    nextConnectionId: () => 0,
    describe() {
      throw new Error('no filter here asks');
    },
    onFiltersDone: (pending) => {
      found += pending.requestedServerName.length;
    },
    onFilterTimeout() {},
    onFiltersFailed() {},
  };
  return {
    name,
    run: (count) => {
      for (let i = 0; i < count; i++) {
        const pending = new PendingConnection(owner, connection, spec, undefined);
        pending.start();
        for (const bytes of reads) pending.onBytes(bytes, bytes.length);
      }
      return found;
    },
  };
}

function cut(bytes: Buffer, parts: number): Buffer[] {
  const size = Math.ceil(bytes.length / parts);
  return Array.from({ length: parts }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
}

function clientHello(bytes: number): Buffer {
  const name = Buffer.from('www.bench.example.com');
  const protocols = Buffer.from('\x02h2\x08http/1.1', 'latin1');
  const extensions = Buffer.concat([extension(0, Buffer.concat([number(name.length + 3, 2), number(0, 1), number(name.length, 2), name])), extension(16, vector(protocols))]);
  const fixed = Buffer.concat([number(0x0303, 2), Buffer.alloc(32, 7), number(32, 1), Buffer.alloc(32, 9), vector(Buffer.alloc(32, 0x13)), number(0x0100, 2)]);
  const padding = extension(21, Buffer.alloc(bytes - 5 - 4 - fixed.length - 2 - extensions.length - 4));
  const body = Buffer.concat([fixed, vector(Buffer.concat([extensions, padding]))]);
  const message = Buffer.concat([number(1, 1), number(body.length, 3), body]);
  return Buffer.concat([number(0x160301, 3), vector(message)]);
}

function extension(type: number, content: Buffer): Buffer {
  return Buffer.concat([number(type, 2), vector(content)]);
}

function vector(content: Buffer): Buffer {
  return Buffer.concat([number(content.length, 2), content]);
}

function number(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
