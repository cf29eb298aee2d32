import { z } from 'zod';
import { Digest, Id } from '../id.ts';

/** What flows along an edge: one file, a set of files in order, or facts. */
export const portTypes = ['file', 'files', 'data'] as const;
export const PortType = z.enum(portTypes);
export type PortType = z.infer<typeof PortType>;

/**
 * A file by content: its digest says which bytes. What it is called travels as data and never becomes a path by itself.
 * `artifactId` is missing while a node that is cut off has made it and nobody has been told yet.
 */
export const FileValue = z.object({
  digest: Digest,
  /** Bytes. */
  size: z.number().int().nonnegative(),
  name: z.string().max(500),
  mediaType: z.string().max(200),
  kind: z.string().max(60),
  artifactId: Id.optional(),
  /** Nodes that hold the bytes: steps go there when they can. */
  holders: z.array(Id).optional(),
  meta: z.record(z.string(), z.unknown()).default({}),
});
export type FileValue = z.infer<typeof FileValue>;

/** A value at a port. */
export const PortValue = z.discriminatedUnion('type', [
  z.object({ type: z.literal('file'), file: FileValue }),
  z.object({
    type: z.literal('files'),
    files: z.array(FileValue),
    /** In views that cut a long list: how many there are. */
    total: z.number().int().optional(),
  }),
  z.object({ type: z.literal('data'), data: z.json() }),
]);
export type PortValue = z.infer<typeof PortValue>;
export const PortValues = z.record(z.string(), PortValue);
export type PortValues = z.infer<typeof PortValues>;
