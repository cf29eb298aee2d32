import { Language, type RoleGrant } from '@backlot/contract';
import { sql } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import type { Logger } from 'pino';
import type { Store } from '../db/database.ts';
import type { Actor, AllocationTokens } from '../kernel.ts';
import { confineGrants } from './permissions.ts';
import { apiTokenPrefix, hashSecret, sameSecret } from './secrets.ts';
import { sessionIdleDays } from './sessions.ts';

/** Who is behind a request, and how that is known. */
export interface Identity {
  readonly actor: Actor;
  readonly via: 'nothing' | 'cookie' | 'token' | 'administration-token' | 'allocation-token';
  /** The login session, when a cookie was believed. */
  readonly session?: { readonly id: string; readonly csrfToken: string };
  /** The one project that a token is confined to. */
  readonly confinedTo?: string;
  readonly allocation?: Awaited<ReturnType<AllocationTokens['verify']>>;
}

export interface Credentials {
  /** The value of the `Authorization` header. */
  readonly authorization: string | undefined;
  /** The value of the session cookie. */
  readonly cookie: string | undefined;
}

export interface AuthenticatorOptions {
  readonly store: Pick<Store, 'db' | 'relaxed'>;
  readonly tokens: AllocationTokens;
  /** BACKLOT_ADMIN_TOKEN; acts as administrator of everything and belongs to no account. */
  readonly adminToken: string | undefined;
  readonly log: Logger;
}

/** What someone is who shows nothing. */
export function anonymous(language: Language): Identity {
  return {
    actor: { kind: 'anonymous', id: null, name: 'anonymous', grants: [], scopes: [], language },
    via: 'nothing',
  };
}

/** Times of use are for people to read; a minute is exact enough, and spares a write per request. */
const touchIntervalS = 60;

/** Finds out who somebody is. Nothing is cached: what is revoked or disabled ends with the next request. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /**
   * The identity that credentials prove; undefined when they prove none although they were given. A token wins
   * over a cookie: whoever sends one means it.
   */
  async identify(credentials: Credentials, language: Language): Promise<Identity | undefined> {
    const { authorization, cookie } = credentials;
    if (authorization !== undefined) {
      const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
      return bearer === undefined ? undefined : await this.#byBearer(bearer, language);
    }
    if (cookie !== undefined) return await this.#byCookie(cookie);
    return anonymous(language);
  }

  async #byBearer(bearer: string, language: Language): Promise<Identity | undefined> {
    const { adminToken, tokens } = this.#options;
    if (adminToken !== undefined && sameSecret(bearer, adminToken)) {
      return { actor: administration(language), via: 'administration-token' };
    }
    if (bearer.startsWith(apiTokenPrefix)) return await this.#byApiToken(bearer);
    if (bearer.split('.').length !== 3) return undefined;
    const allocation = await tokens.verify(bearer).catch(() => undefined);
    if (!allocation) return undefined;
    const { allocation: id } = allocation;
    return {
      actor: { kind: 'allocation', id, name: `allocation ${id}`, grants: [], scopes: [], language },
      via: 'allocation-token',
      allocation,
    };
  }

  async #byApiToken(bearer: string): Promise<Identity | undefined> {
    const row = await this.#options.store.db
      .selectFrom('api_token as t')
      .innerJoin('account as a', 'a.id', 't.account_id')
      .select(['t.id', 't.name as token_name', 't.project_id', 't.scopes', 't.last_used_at'])
      .select(['a.id as account_id', 'a.name', 'a.language'])
      .select((query) =>
        jsonArrayFrom(
          query
            .selectFrom('role_grant as g')
            .select(['g.project_id', 'g.role'])
            .whereRef('g.account_id', '=', 'a.id'),
        ).as('grants'),
      )
      .where('t.token_hash', '=', hashSecret(bearer))
      .where('t.revoked_at', 'is', null)
      .where('a.disabled_at', 'is', null)
      .where((where) =>
        where.or([where('t.expires_at', 'is', null), where('t.expires_at', '>', sql<Date>`now()`)]),
      )
      .executeTakeFirst();
    if (!row) return undefined;
    this.#touch('api_token', row.id, row.last_used_at);
    return {
      via: 'token',
      ...(row.project_id === null ? {} : { confinedTo: row.project_id }),
      actor: {
        kind: 'token',
        id: row.account_id,
        tokenId: row.id,
        name: `${row.name} (${row.token_name})`,
        grants: confineGrants(row.grants.map(toGrant), row.project_id),
        scopes: row.scopes,
        language: Language.catch('en').parse(row.language),
      },
    };
  }

  async #byCookie(cookie: string): Promise<Identity | undefined> {
    const row = await this.#options.store.db
      .selectFrom('login_session as s')
      .innerJoin('account as a', 'a.id', 's.account_id')
      .select(['s.id', 's.csrf_token', 's.last_used_at'])
      .select(['a.id as account_id', 'a.name', 'a.language'])
      .select((query) =>
        jsonArrayFrom(
          query
            .selectFrom('role_grant as g')
            .select(['g.project_id', 'g.role'])
            .whereRef('g.account_id', '=', 'a.id'),
        ).as('grants'),
      )
      .where('s.token_hash', '=', hashSecret(cookie))
      .where('s.expires_at', '>', sql<Date>`now()`)
      .where('s.last_used_at', '>', sql<Date>`now() - make_interval(days => ${sessionIdleDays})`)
      .where('a.disabled_at', 'is', null)
      .executeTakeFirst();
    if (!row) return undefined;
    this.#touch('login_session', row.id, row.last_used_at);
    return {
      via: 'cookie',
      session: { id: row.id, csrfToken: row.csrf_token },
      actor: {
        kind: 'account',
        id: row.account_id,
        name: row.name,
        grants: row.grants.map(toGrant),
        scopes: ['*'],
        language: Language.catch('en').parse(row.language),
      },
    };
  }

  /** Notes the use, beside the request and without waiting for the disk: losing one note is harmless. */
  #touch(table: 'api_token' | 'login_session', id: string, last: Date | null): void {
    if (last !== null && Date.now() - last.getTime() < touchIntervalS * 1000) return;
    const { store, log } = this.#options;
    const used = sql`
      WITH used AS (UPDATE ${sql.table(table)} SET last_used_at = now() WHERE id = ${id} RETURNING account_id)
      UPDATE account SET last_seen_at = now() FROM used WHERE account.id = used.account_id`;
    used.execute(store.relaxed).catch((error: unknown) => log.debug({ err: error }, 'a use was not noted'));
  }
}

function toGrant(row: { project_id: string | null; role: RoleGrant['role'] }): RoleGrant {
  return { projectId: row.project_id, role: row.role };
}

function administration(language: Language): Actor {
  return {
    kind: 'token',
    id: null,
    name: 'BACKLOT_ADMIN_TOKEN',
    grants: [{ projectId: null, role: 'admin' }],
    scopes: ['*'],
    language,
  };
}
