import { BacklotError } from '@backlot/contract';
import type { App } from '@backlot/control/workload';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { compatErrors } from '../../../contract/compat/errors.ts';
import { type NgliveCommand, NgliveRoom } from '../../../contract/compat/nglive.ts';
import { obey } from '../commands.ts';
import { actorOf, tokenOf } from '../credentials.ts';
import type { Gateways } from '../gateways.ts';
import type { NgliveRooms } from '../rooms/nglive-rooms.ts';
import type { GatewayRow } from '../tables.ts';

const Query = z.looseObject({ roomid: z.string().max(40).optional(), token: z.string().max(200).optional() });
const Answer = z.union([
  z.object({ code: z.literal(0), data: z.union([NgliveRoom, z.array(NgliveRoom)]) }),
  z.object({ code: z.number().int(), msg: z.string() }),
]);

/** GET changes state here because NGlive's does; a token, and never a cookie, is what lets it. */
const config = {
  access: { kind: 'public' },
  audited: 'by-handler',
  limit: { name: 'recordings-nglive', burst: 120, perMinute: 600 },
} as const;

/** NGlive's four routes, as its clients call them: always 200 for whoever has the token, and a code in the body. */
export function ngliveRoutes(app: App, gateways: Gateways, rooms: NgliveRooms): void {
  const route = (path: `/${NgliveCommand['CMD']}`, command: NgliveCommand['CMD'], summary: string) =>
    app.get(
      path,
      { config, schema: { summary, querystring: Query, response: { 200: Answer } } },
      async (request) => {
        const gateway = await gatewayOf(gateways, request);
        const { roomid } = request.query;
        return await obey(
          rooms,
          gateway.project_id,
          { CMD: command, ...(roomid === undefined ? {} : { roomid }) },
          actorOf(gateway, 'client'),
        );
      },
    );
  route('/allroom', 'allroom', 'All rooms (NGlive).');
  route('/getroom', 'getroom', 'One room by its number (NGlive).');
  route('/addroom', 'addroom', 'Add a room and record it (NGlive).');
  route('/removeroom', 'removeroom', 'End a room’s recording and take it out (NGlive).');
}

/** @throws compat_token for a wrong token, and when the gateway is off: nobody learns which */
export async function gatewayOf(gateways: Gateways, request: FastifyRequest): Promise<GatewayRow> {
  const gateway = await gateways.byToken(tokenOf(request.raw));
  if (!gateway) throw new BacklotError(compatErrors.compat_token);
  return gateway;
}
