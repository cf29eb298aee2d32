import { z } from 'zod';

/** Protocol numbers that this release speaks. The server also speaks the one before. */
export const linkProtocol = { min: 1, max: 1 } as const;

/** Largest message on the link, in bytes. Media and files never travel here. */
export const linkMaxBytes = 1024 * 1024;

/**
 * Every message on the link between a node and the control plane: version, id of a request, id of the request
 * that this answers, type, body. Unknown fields are ignored, so that N and N-1 understand each other.
 */
export const Envelope = z.object({
  v: z.number().int(),
  id: z.string().max(64).optional(),
  re: z.string().max(64).optional(),
  t: z.string().max(40),
  b: z.unknown(),
});
export type Envelope = z.infer<typeof Envelope>;
