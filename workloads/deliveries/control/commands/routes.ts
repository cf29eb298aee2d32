import { BacklotError, kernelErrors, Page, PageQuery } from '@backlot/contract';
import { type App, decodeCursor, type Kernel, page, type RouteAccess } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import { AllowedCommand, Command, CommandParams, deliveryErrors } from '../../contract.ts';
import { tables } from '../tables.ts';

/** The list of commands that flows may run: an administrator's to keep, anybody's to read. */
export function commandRoutes(app: App, kernel: Kernel): void {
  const access: RouteAccess = {
    kind: 'permission',
    permission: 'deliveries.commands',
    project: 'everywhere',
  };
  const view = (row: { name: string; spec: z.output<typeof AllowedCommand>; changed_at: Date }) => ({
    name: row.name,
    ...row.spec,
    changedAt: row.changed_at.toISOString(),
  });
  app.get(
    '/api/v1/delivery-commands',
    {
      config: { access: { kind: 'permission', permission: 'deliveries.read', project: 'any' } },
      schema: {
        summary: 'Commands that flows may run.',
        querystring: PageQuery,
        response: { 200: Page(Command) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const after = decodeCursor(cursor, CommandParams)?.name;
      let rows = tables(kernel.db)
        .selectFrom('delivery_command')
        .selectAll()
        .orderBy('name')
        .limit(limit + 1);
      if (after !== undefined) rows = rows.where('name', '>', after);
      return page(await rows.execute(), limit, ({ name }) => ({ name }), view);
    },
  );
  app.put(
    '/api/v1/delivery-commands/:name',
    {
      config: { access },
      schema: {
        summary: 'Allow a command under a name.',
        params: CommandParams,
        body: AllowedCommand,
        response: { 200: Command },
      },
    },
    async (request) => {
      const { name } = request.params;
      const [program = ''] = request.body.argv;
      if (!/^(\/[^\0]+|[A-Za-z0-9._+-]+|[A-Za-z]:[\\/][^\0]+)$/.test(program)) {
        throw new BacklotError(deliveryErrors.delivery_command_invalid, {
          params: { program },
          pointer: 'body.argv.0',
        });
      }
      const spec = JSON.stringify(request.body);
      const row = await tables(kernel.db)
        .insertInto('delivery_command')
        .values({ name, spec })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ spec, changed_at: sql<Date>`now()` }))
        .returningAll()
        .executeTakeFirstOrThrow();
      return view(row);
    },
  );
  app.delete(
    '/api/v1/delivery-commands/:name',
    {
      config: { access },
      schema: {
        summary: 'Allow a command no more.',
        params: CommandParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const gone = await tables(kernel.db)
        .deleteFrom('delivery_command')
        .where('name', '=', name)
        .returning('name')
        .executeTakeFirst();
      if (!gone) throw new BacklotError(kernelErrors.not_found, { params: { what: 'command', id: name } });
      return await reply.code(204).send();
    },
  );
}
