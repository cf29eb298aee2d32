import { BacklotError, IdParams, kernelErrors } from '@backlot/contract';
import { type App, decodeCursor, inAnyProject, type Kernel, page } from '@backlot/control/workload';
import { z } from 'zod';
import { Model, ModelCreation, ModelPage, ModelPatch, ModelQuery } from '../../contract.ts';
import { changeModel, removeModel } from './change-model.ts';
import { getModel, keepModel, listModels, viewModels } from './library.ts';
import { resolveFiles } from './model-files.ts';

/** Who may do what with one model is decided by `rights.ts`, in the handler. */

/** The asset library: `/api/v1/models`. */
export function modelRoutes(app: App, kernel: Kernel): void {
  const view = async (model: Awaited<ReturnType<typeof getModel>>) => {
    const [shown] = await viewModels(kernel, [model]);
    if (!shown)
      throw new BacklotError(kernelErrors.not_found, { params: { what: 'model', id: model.row.id } });
    return shown;
  };

  app.get(
    '/api/v1/models',
    {
      config: { access: inAnyProject('renders.models.read') },
      schema: {
        summary: 'Models of the library that one may see, newest first.',
        querystring: ModelQuery,
        response: { 200: ModelPage },
      },
    },
    async (request) => {
      const { projectId, text, cursor, limit } = request.query;
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const found = await listModels(kernel, { projectId, text, before, limit }, request.actor);
      const shown = await viewModels(kernel, found.slice(0, limit));
      return page(
        found,
        limit,
        ({ row }) => ({ id: row.id }),
        ({ row }) => shown.find(({ id }) => id === row.id) as Model,
      );
    },
  );
  app.post(
    '/api/v1/models',
    {
      config: {
        access: {
          kind: 'permission',
          permission: 'renders.models.write',
          project: (request) => ModelCreation.parse(request.body).projectId,
        },
        audited: 'by-handler',
      },
      schema: {
        summary: 'Put uploaded files into the library as one model.',
        body: ModelCreation,
        response: { 201: Model },
      },
    },
    async (request, reply) => {
      const { projectId, name, files, visibility } = request.body;
      const resolved = await resolveFiles(kernel, projectId, files, request.actor);
      const id = await kernel.transaction((tx) =>
        keepModel(
          kernel,
          tx,
          { projectId, name: name ?? resolved.main, visibility, ...resolved },
          request.actor,
        ),
      );
      kernel.events.wake();
      return reply.code(201).send(await view(await getModel(kernel, id, request.actor)));
    },
  );
  app.get(
    '/api/v1/models/:id',
    {
      config: { access: inAnyProject('renders.models.read') },
      schema: {
        summary: 'One model, with what is known about it.',
        params: IdParams,
        response: { 200: Model },
      },
    },
    async (request) => view(await getModel(kernel, request.params.id, request.actor)),
  );
  app.patch(
    '/api/v1/models/:id',
    {
      config: { access: inAnyProject('renders.models.write'), audited: 'by-handler' },
      schema: {
        summary: 'Rename a model, or say who may see and use it.',
        params: IdParams,
        body: ModelPatch,
        response: { 200: Model },
      },
    },
    async (request) => view(await changeModel(kernel, request.params.id, request.body, request.actor)),
  );
  app.delete(
    '/api/v1/models/:id',
    {
      config: { access: inAnyProject('renders.models.write'), audited: 'by-handler' },
      schema: {
        summary: 'Take a model out of the library.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await removeModel(kernel, request.params.id, request.actor);
      return reply.code(204).send();
    },
  );
}
