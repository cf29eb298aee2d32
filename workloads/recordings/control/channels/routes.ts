import { IdParams } from '@backlot/contract';
import type { App, Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import {
  Channel,
  ChannelCreate,
  ChannelPage,
  ChannelPatch,
  ChannelQuery,
  IngestAddress,
} from '../../contract/channel.ts';
import { ThumbnailAnswer, ThumbnailRequest, watchMethods } from '../../contract/watch.ts';
import { inAnyProject, inProjectOf, inProjectOfBody } from '../access.ts';
import type { Channels } from './channels.ts';
import { preview } from './preview.ts';

const done = z.undefined();
const Picture = z.instanceof(Buffer);

/** Channels: `/api/v1/channels`. */
export function channelRoutes(app: App, kernel: Kernel, channels: Channels): void {
  const read = { access: inProjectOf('recordings_channel', 'recordings.read') };
  const write = {
    access: inProjectOf('recordings_channel', 'recordings.write'),
    audited: 'by-handler',
  } as const;

  app.get(
    '/api/v1/channels',
    {
      config: { access: inAnyProject('recordings.read') },
      schema: {
        summary: 'Channels, newest first.',
        querystring: ChannelQuery,
        response: { 200: ChannelPage },
      },
    },
    async (request) =>
      channels.list(
        request.query,
        kernel.access.projectsWith(request.actor, 'recordings.read'),
        request.actor,
      ),
  );
  app.post(
    '/api/v1/channels',
    {
      config: { access: inProjectOfBody('recordings.write'), audited: 'by-handler' },
      schema: {
        summary: 'Add a channel; a node watches it from then on.',
        description:
          'A source may be an address alone (`{"kind":"auto","url":…}`). One of kind `push` without a key gets one.',
        body: ChannelCreate,
        response: { 201: Channel },
      },
    },
    async (request, reply) => reply.code(201).send(await channels.create(request.body, request.actor)),
  );
  app.get(
    '/api/v1/channels/:id',
    {
      config: read,
      schema: { summary: 'One channel, as it is now.', params: IdParams, response: { 200: Channel } },
    },
    async (request) => channels.get(request.params.id, request.actor),
  );
  app.patch(
    '/api/v1/channels/:id',
    {
      config: write,
      schema: {
        summary:
          'Change a channel. What its recorder must know begins its work anew; nothing that was recorded is lost.',
        params: IdParams,
        body: ChannelPatch,
        response: { 200: Channel },
      },
    },
    async (request) => channels.patch(request.params.id, request.body, request.actor),
  );
  app.delete(
    '/api/v1/channels/:id',
    {
      config: write,
      schema: {
        summary: 'Take a channel out. What it has recorded stays.',
        params: IdParams,
        response: { 204: done },
      },
    },
    async (request, reply) => {
      await channels.remove(request.params.id, request.actor);
      return reply.code(204).send(undefined);
    },
  );
  for (const [word, enabled, summary] of [
    ['start', true, 'Watch the source from now on.'],
    ['stop', false, 'Stop watching; a broadcast that runs ends cleanly.'],
  ] as const) {
    app.post(
      `/api/v1/channels/:id/${word}`,
      { config: write, schema: { summary, params: IdParams, response: { 200: Channel } } },
      async (request) => channels.setEnabled(request.params.id, enabled, request.actor),
    );
  }
  app.post(
    '/api/v1/channels/:id/split',
    {
      config: write,
      schema: {
        summary: 'Begin a new part at the next keyframe; no frame is lost.',
        params: IdParams,
        response: { 202: done },
      },
    },
    async (request, reply) => {
      await channels.split(request.params.id, request.actor);
      return reply.code(202).send(undefined);
    },
  );
  app.post(
    '/api/v1/channels/:id/end-broadcast',
    {
      config: write,
      schema: {
        summary: 'End the broadcast now. While the source is live, another begins.',
        params: IdParams,
        response: { 202: done },
      },
    },
    async (request, reply) => {
      await channels.endBroadcast(request.params.id, request.actor);
      return reply.code(202).send(undefined);
    },
  );
  ingestRoutes(app, channels);
  pictureRoutes(app, kernel, channels);
}

function ingestRoutes(app: App, channels: Channels): void {
  const write = {
    access: inProjectOf('recordings_channel', 'recordings.write'),
    audited: 'by-handler',
  } as const;
  app.get(
    '/api/v1/channels/:id/ingest',
    {
      config: { access: inProjectOf('recordings_channel', 'recordings.write') },
      schema: {
        summary: 'Where a program publishes to, and its key.',
        params: IdParams,
        response: { 200: IngestAddress },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return channels.ingest(request.params.id);
    },
  );
  app.post(
    '/api/v1/channels/:id/ingest/rotate',
    {
      config: write,
      schema: {
        summary: 'A new key; whoever publishes with the old one is put out.',
        params: IdParams,
        response: { 200: IngestAddress },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return channels.rotateKey(request.params.id, request.actor);
    },
  );
}

function pictureRoutes(app: App, kernel: Kernel, channels: Channels): void {
  const read = { access: inProjectOf('recordings_channel', 'recordings.read') };
  app.get(
    '/api/v1/channels/:id/thumbnail',
    {
      config: read,
      schema: {
        summary: 'What can be seen now, as a JPEG; 204 while there is no picture.',
        params: IdParams,
        querystring: z.object({
          width: z.coerce.number().pipe(ThumbnailRequest.shape.width.unwrap()).optional(),
        }),
        response: { 200: Picture, 204: done },
      },
    },
    async (request, reply) => {
      const answer = ThumbnailAnswer.parse(
        await channels.call(
          request.params.id,
          watchMethods.thumbnail,
          request.query.width === undefined ? {} : { width: request.query.width },
        ),
      );
      reply.header('cache-control', 'private, max-age=5');
      if (answer.jpeg === null) return reply.code(204).send(undefined);
      return reply.type('image/jpeg').send(Buffer.from(answer.jpeg, 'base64'));
    },
  );
  app.get(
    '/api/v1/channels/:id/preview',
    {
      config: read,
      schema: {
        summary: 'The live media as it comes: FLV, or MPEG-TS, without an end.',
        description: 'A browser plays it with mpegts.js. It ends when the reader goes.',
        params: IdParams,
      },
    },
    async (request, reply) => preview(kernel, channels, request, reply),
  );
}
