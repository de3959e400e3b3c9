import type { SecureContext, SecureContextOptions } from 'node:tls';
import type { Identity } from './certificate.ts';
import { type CommonTls, contextOptions } from './common.ts';
import type { TicketKeys } from './ticket-keys.ts';

export interface ServedContext {
  readonly context: SecureContext;
  /** One, or one of each kind of key. */
  readonly shown: readonly Identity[];
}

/** Where a name was found: the first ECDSA and the first RSA identity that bear it. */
interface Choice {
  ecdsa: number;
  rsa: number;
}

export interface ServerContextsChoice {
  /** A name that nobody bears is looked for among all identities. */
  readonly fullScan: boolean;
  readonly ticketKeys: TicketKeys;
  /** Who resumes a session of TLS 1.3 is given a new ticket; one of TLS 1.2 may be used again. */
  readonly renewsTickets: boolean;
}

const NONE = -1;

/**
 * The contexts of a server by the name that the client asks for: exact name, then wildcard of one label. Of two kinds of keys both stand in
 * one context, and OpenSSL takes the ECDSA one when the client can. Contexts are made when they are first needed.
 */
export class ServerContexts {
  readonly #identities: readonly Identity[];
  readonly #common: CommonTls;
  readonly #options: SecureContextOptions;
  readonly #exact = new Map<string, Choice>();
  /** By what follows the star. */
  readonly #wildcards = new Map<string, Choice>();
  readonly #contexts = new Map<string, ServedContext>();
  readonly #ticketKeys: TicketKeys;
  readonly #renewsTickets: boolean;
  readonly #withoutName: Choice;
  readonly #unknownName: Choice;

  constructor(common: CommonTls, options: SecureContextOptions, { fullScan, ticketKeys, renewsTickets }: ServerContextsChoice) {
    this.#ticketKeys = ticketKeys;
    this.#renewsTickets = renewsTickets;
    this.#common = common;
    this.#identities = common.identities;
    this.#options = options;
    this.#identities.forEach((identity, index) => {
      for (const name of identity.names) {
        if (name.startsWith('*.')) note(this.#wildcards, name.slice(1), identity, index);
        else note(this.#exact, name, identity, index);
      }
    });
    this.#withoutName = { ecdsa: this.#identities.findIndex(({ isEcdsa }) => isEcdsa), rsa: this.#identities.findIndex(({ isEcdsa }) => !isEcdsa) };
    const first = this.#identities[0]!.isEcdsa;
    this.#unknownName = fullScan ? this.#withoutName : { ecdsa: first ? 0 : NONE, rsa: first ? NONE : 0 };
  }

  /** `serverName` in lower case; '' when the client named none. */
  find(serverName: string, offersTls13: boolean): ServedContext {
    const { ecdsa, rsa } = this.#choose(serverName);
    const renews = this.#renewsTickets && offersTls13;
    const key = `${ecdsa} ${rsa} ${renews}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      const shown = [ecdsa, rsa].filter((index) => index !== NONE).map((index) => this.#identities[index]!);
      context = { shown, context: this.#ticketKeys.createContext({ ...contextOptions(this.#common, shown), ...this.#options }, renews) };
      this.#contexts.set(key, context);
    }
    return context;
  }

  #choose(serverName: string): Choice {
    if (serverName === '') return this.#withoutName;
    const exact = this.#exact.get(serverName);
    const dot = serverName.indexOf('.');
    const wildcard = dot === -1 ? undefined : this.#wildcards.get(serverName.substring(dot));
    if (exact === undefined || wildcard === undefined) return exact ?? wildcard ?? this.#unknownName;
    return { ecdsa: exact.ecdsa !== NONE ? exact.ecdsa : wildcard.ecdsa, rsa: exact.rsa !== NONE ? exact.rsa : wildcard.rsa };
  }
}

function note(choices: Map<string, Choice>, name: string, { isEcdsa }: Identity, index: number): void {
  let choice = choices.get(name);
  if (choice === undefined) choices.set(name, (choice = { ecdsa: NONE, rsa: NONE }));
  if (isEcdsa && choice.ecdsa === NONE) choice.ecdsa = index;
  else if (!isEcdsa && choice.rsa === NONE) choice.rsa = index;
}
