import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import type { TransportError } from './transport.ts';

/** From what Node's sockets report. */
export function transportError(error: NodeJS.ErrnoException): TransportError {
  return { code: error.code ?? 'UNKNOWN', message: error.message };
}

/** From the negative number a handle returns. */
export function systemError(errno: number, operation: string): TransportError {
  const code = getSystemErrorName(errno);
  return { code, message: `${operation} ${code}: ${getSystemErrorMessage(errno)}` };
}
