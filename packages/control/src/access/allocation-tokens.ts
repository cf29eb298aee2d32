import { BacklotError, type Clock, Id, kernelErrors } from '@backlot/contract';
import { jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Db } from '../db/schema.ts';
import type { AllocationTokens } from '../kernel.ts';
import { readSecret } from './installation-keys.ts';

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
  const key = await readSecret(db, keySetting);
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
