import { H, HeaderNameSet } from '../../../http/header-name.ts';

/** Fields that concern one connection, but for those that ask for another protocol. */
const NAMES = [H.transferEncoding, H.keepAlive, H.proxyConnection];

export const HOP_BY_HOP = new HeaderNameSet([...NAMES, H.connection, H.upgrade]);
/** Of a message that changes the protocol: Connection and Upgrade go on. */
export const HOP_BY_HOP_OF_UPGRADES = new HeaderNameSet(NAMES);
