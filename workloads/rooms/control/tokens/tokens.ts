import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { errors as joseErrors, jwtVerify, SignJWT } from 'jose';
import { roomErrors } from '../../contract/errors.ts';
import {
  Grants,
  Identity,
  TokenClaims,
  tokenAudience,
  tokenIssuer,
  tokenLifetime,
} from '../../contract/grants.ts';
import type { RoomTokens } from '../ports.ts';
import { tables } from '../tables.ts';
import { issuedAt } from './issued-at.ts';

const keyPurpose = 'rooms.tokens';

/** Told when a token, or all tokens of somebody, are taken back: whoever is in a room by it is put out. */
export type OnRevoked = (what: { id: string } | { room: string; identity: string }) => void;

/** Makes, verifies and takes back tokens. A token is believed by its signature alone; the list says which are taken back. */
export class Tokens implements RoomTokens {
  readonly #kernel: Kernel;
  readonly #onRevoked: OnRevoked;

  constructor(kernel: Kernel, onRevoked: OnRevoked) {
    this.#kernel = kernel;
    this.#onRevoked = onRevoked;
  }

  async issue(draft: Parameters<RoomTokens['issue']>[0]): ReturnType<RoomTokens['issue']> {
    const grants = Grants.safeParse(draft.grants);
    const identity = Identity.safeParse(draft.identity);
    if (!grants.success || !identity.success) {
      const issue = (grants.error ?? identity.error)?.issues[0];
      throw new BacklotError(kernelErrors.invalid_input, {
        params: { reason: issue?.message ?? 'the grants' },
        pointer: issue?.path.join('.') ?? '',
      });
    }
    const ttl = Math.min(Math.max(1, Math.round(draft.ttlS ?? tokenLifetime.default)), tokenLifetime.max);
    const nowMs = this.#kernel.clock.now();
    const now = Math.floor(nowMs / 1_000);
    const id = newId(nowMs);
    const token = await new SignJWT({
      grants: grants.data,
      ...(draft.projectId === undefined ? {} : { project: draft.projectId }),
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(tokenIssuer)
      .setAudience(tokenAudience)
      .setSubject(identity.data)
      .setJti(id)
      .setIssuedAt(now)
      .setExpirationTime(now + ttl)
      .sign(await this.#kernel.key(keyPurpose));
    return { token, id, expiresAt: new Date((now + ttl) * 1_000).toISOString() };
  }

  async verify(token: string): Promise<TokenClaims> {
    let payload: unknown;
    try {
      const verified = await jwtVerify(token, await this.#kernel.key(keyPurpose), {
        algorithms: ['HS256'],
        issuer: tokenIssuer,
        audience: tokenAudience,
        requiredClaims: ['exp', 'iat', 'jti', 'sub'],
        currentDate: new Date(this.#kernel.clock.now()),
        clockTolerance: 5,
      });
      payload = verified.payload;
    } catch (error) {
      if (error instanceof joseErrors.JWTExpired) {
        throw new BacklotError(roomErrors.room_token_expired, { cause: error });
      }
      throw invalid(reasonOf(error), error);
    }
    const claims = TokenClaims.safeParse(payload);
    if (!claims.success) throw invalid('its claims are not those of a room', claims.error);
    if (await this.#revoked(claims.data)) throw new BacklotError(roomErrors.room_token_revoked);
    return claims.data;
  }

  async revoke(what: Parameters<RoomTokens['revoke']>[0]): Promise<void> {
    const now = this.#kernel.clock.now();
    const db = tables(this.#kernel.db);
    if ('id' in what) {
      await db
        .insertInto('rooms_revocation')
        .values({ token_id: what.id, before: new Date(now), expires_at: new Date(what.expiresAt) })
        .onConflict((conflict) => conflict.column('token_id').doNothing())
        .execute();
    } else {
      const values = { before: new Date(now), expires_at: new Date(now + tokenLifetime.max * 1_000) };
      await db
        .insertInto('rooms_revocation')
        .values({ token_id: null, room: what.room, identity: what.identity, ...values })
        .onConflict((conflict) => conflict.columns(['room', 'identity']).doUpdateSet(values))
        .execute();
    }
    await db.deleteFrom('rooms_revocation').where('expires_at', '<', new Date(now)).execute();
    this.#onRevoked('id' in what ? { id: what.id } : what);
  }

  /** Whether somebody without a token was put out of this room, which was opened then: it stays so while the room lasts. */
  async banned(room: string, identity: string, opened: Date): Promise<boolean> {
    const row = await tables(this.#kernel.db)
      .selectFrom('rooms_revocation')
      .select('before')
      .where('room', '=', room)
      .where('identity', '=', identity)
      .where('before', '>=', opened)
      .executeTakeFirst();
    return row !== undefined;
  }

  /**
   * Once more, at the door: a token that was good when its socket was opened may have been taken back since.
   * @throws room_token_revoked
   */
  async recheck(claims: TokenClaims): Promise<void> {
    if (await this.#revoked(claims)) throw new BacklotError(roomErrors.room_token_revoked);
  }

  async #revoked(claims: TokenClaims): Promise<boolean> {
    const rows = await tables(this.#kernel.db)
      .selectFrom('rooms_revocation')
      .select(['token_id', 'before'])
      .where((eb) =>
        eb.or([
          eb('token_id', '=', claims.jti),
          eb.and([eb('room', '=', claims.grants.room), eb('identity', '=', claims.sub)]),
        ]),
      )
      .execute();
    const issued = issuedAt(claims);
    return rows.some((row) => row.token_id !== null || issued <= row.before.getTime());
  }
}

function invalid(reason: string, cause?: unknown): BacklotError {
  return new BacklotError(roomErrors.room_token_invalid, {
    params: { reason },
    ...(cause === undefined ? {} : { cause }),
  });
}

function reasonOf(error: unknown): string {
  if (error instanceof joseErrors.JWTClaimValidationFailed) return `its claim “${error.claim}” does not fit`;
  if (error instanceof joseErrors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it can’t be read';
}
