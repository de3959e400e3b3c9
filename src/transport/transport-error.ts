import { util } from '../core/node-modules.ts';
import { LINGER_EXPIRED, type TransportError } from './transport.ts';

/** From what Node's sockets report. */
export function transportError(error: NodeJS.ErrnoException): TransportError {
  return { code: error.code ?? 'UNKNOWN', message: error.message };
}

/** From the negative number a handle returns. */
export function systemError(errno: number, operation: string): TransportError {
  const code = util.getSystemErrorName(errno);
  return { code, message: `${operation} ${code}: ${util.getSystemErrorMessage(errno)}` };
}

/** The peer did not close in time after `closeAfterFlush`. */
export const lingerExpired: TransportError = { code: LINGER_EXPIRED, message: 'the peer did not close in time' };
