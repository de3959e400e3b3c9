import type { Address } from '../../transport/transport.ts';
import { ipAddressBytes, maskedAddressText } from './address-mask.ts';
import { type FormatContext, type Operator, type OperatorCompiler, numberOperator, plain, textOperator, withoutLength } from './operator.ts';

type AddressOf = (context: FormatContext) => Address | undefined;

const ADDRESSES: Readonly<Record<string, AddressOf>> = {
  DOWNSTREAM_REMOTE: ({ info }) => info.remoteAddress,
  DOWNSTREAM_LOCAL: ({ info }) => info.connection.localAddress,
  DOWNSTREAM_DIRECT_REMOTE: ({ info }) => info.connection.directRemoteAddress,
  DOWNSTREAM_DIRECT_LOCAL: ({ info }) => info.connection.directLocalAddress,
  UPSTREAM_LOCAL: ({ info }) => info.upstreamLocalAddress,
  UPSTREAM_REMOTE: ({ info }) => info.upstreamRemoteAddress,
};

/** Addresses inside the process have an endpoint id; there are none here. */
const WITH_ENDPOINT_ID = ['DOWNSTREAM_LOCAL', 'DOWNSTREAM_DIRECT_LOCAL', 'UPSTREAM_REMOTE'];

export const ADDRESS_OPERATORS: Readonly<Record<string, OperatorCompiler>> = Object.fromEntries(
  Object.entries(ADDRESSES).flatMap(([name, addressOf]): [string, OperatorCompiler][] => [
    [`${name}_ADDRESS`, plain(() => textOperator((context) => addressOf(context)?.text))],
    [`${name}_ADDRESS_WITHOUT_PORT`, withoutLength(({ params }) => hostOperator(addressOf, params))],
    [`${name}_PORT`, plain(() => portOperator(addressOf))],
    ...(WITH_ENDPOINT_ID.includes(name) ? [[`${name}_ADDRESS_ENDPOINT_ID`, plain(() => endpointIdOperator(addressOf))] as [string, OperatorCompiler]] : []),
  ]),
);

function hostOperator(addressOf: AddressOf, mask: string): Operator {
  const bits = /^[-+]?\d+$/.test(mask) ? Number(mask) : NaN;
  // What Envoy cannot read as a length masks nothing.
  if (Number.isNaN(bits) || bits > 2 ** 31 - 1) {
    return textOperator((context) => {
      const address = addressOf(context);
      return address === undefined ? undefined : hostText(address);
    });
  }
  return textOperator((context) => {
    const address = addressOf(context);
    return address === undefined ? undefined : maskedText(address, bits);
  });
}

function maskedText(address: Address, bits: number): string {
  const bytes = address.kind === 'ip' ? ipAddressBytes(address.host) : undefined;
  if (bytes === undefined) return hostText(address);
  return bits < 0 ? '' : maskedAddressText(bytes, Math.min(bits, bytes.length * 8));
}

/** A pipe has no port: Envoy prints its path. */
function hostText(address: Address): string {
  return address.kind === 'ip' ? address.host : address.text;
}

function portOperator(addressOf: AddressOf): Operator {
  return numberOperator((context) => {
    const address = addressOf(context);
    return address === undefined || address.kind === 'pipe' ? undefined : address.port;
  });
}

function endpointIdOperator(addressOf: AddressOf): Operator {
  return textOperator((context) => (addressOf(context) === undefined ? undefined : ''));
}
