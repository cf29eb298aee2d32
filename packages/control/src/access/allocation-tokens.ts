import { randomBytes } from 'node:crypto';
import { BacklotError, type Clock, Id, kernelErrors } from '@backlot/contract';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Db } from '../db/schema.ts';
import type { AllocationTokens } from '../kernel.ts';

/** Renewed over the link long before; a stolen one is of use for minutes. */
const lifetimeS = 15 * 60;
const issuer = 'backlot';
const audience = 'backlot:allocation';
const keySetting = 'secret.allocation-token-key';

const Claims = z.object({
  sub: Id,
  fence: z.number().int().nonnegative(),
  node: Id,
  project: Id,
});

/**
 * Tokens with which a node moves the bytes of one allocation. Signed by a key that only control planes of this
 * database know (HS256: nobody else has to verify them), so that any replica accepts what another has issued.
 */
export async function createAllocationTokens(db: Db, clock: Clock): Promise<AllocationTokens> {
  const key = await loadKey(db);
  return {
    async issue({ allocation, fence, nodeId, projectId }) {
      const now = Math.floor(clock.now() / 1000);
      return await new SignJWT({ fence, node: nodeId, project: projectId })
        .setProtectedHeader({ alg: 'HS256' })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(allocation)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeS)
        .sign(key);
    },
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer,
          audience,
          currentDate: new Date(clock.now()),
        });
        const { sub, fence, node, project } = Claims.parse(payload);
        return { allocation: sub, fence, nodeId: node, projectId: project };
      } catch (cause) {
        throw new BacklotError(kernelErrors.unauthenticated, { cause });
      }
    },
  };
}

/** The key of this database; made by whichever replica comes first. */
async function loadKey(db: Db): Promise<Uint8Array> {
  await db
    .insertInto('setting')
    .values({ key: keySetting, value: JSON.stringify(randomBytes(32).toString('base64url')) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('key', '=', keySetting)
    .executeTakeFirstOrThrow();
  return Buffer.from(z.string().parse(row.value), 'base64url');
}
