import { isIPv4, isIPv6 } from 'node:net';

/** Forms of text that validation rules name. */

export function isIpv4(text: string): boolean {
  return isIPv4(text);
}

/** Without a zone: an address in a configuration names no interface of this machine. */
export function isIpv6(text: string): boolean {
  return !text.includes('%') && isIPv6(text);
}

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const LONGEST_HOSTNAME = 253;

export function isHostname(text: string): boolean {
  if (text.length > LONGEST_HOSTNAME) return false;
  const labels = (text.endsWith('.') ? text.slice(0, -1) : text).split('.');
  return labels.every((label) => LABEL.test(label));
}

const UUID = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
