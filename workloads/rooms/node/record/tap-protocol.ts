import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { RtpParameters } from '../../contract/media/rtp.ts';

/**
 * How a recorder on the same node taps a room: lines of JSON over a local socket that the media host serves, one for each
 * room. Media itself comes by RTP from the worker to ports of the recorder's on loopback.
 */

export const FromRecorder = z.discriminatedUnion('t', [
  /** Wants this producer, RTP and RTCP to these ports; sent when both are open. */
  z.object({
    t: z.literal('take'),
    producerId: z.string().max(64),
    port: z.number().int().min(1).max(65_535),
    rtcpPort: z.number().int().min(1).max(65_535),
  }),
  /** All is ready for the first packet, which will be a key frame. */
  z.object({ t: z.literal('go'), producerId: z.string().max(64) }),
  z.object({ t: z.literal('keyFrame'), producerId: z.string().max(64) }),
  z.object({ t: z.literal('drop'), producerId: z.string().max(64) }),
]);
export type FromRecorder = z.infer<typeof FromRecorder>;

export const ProducerNotice = z.object({
  t: z.literal('producer'),
  producerId: z.string(),
  owner: z.string(),
  kind: z.enum(['audio', 'video']),
  source: z.string(),
  mimeType: z.string(),
});
export type ProducerNotice = z.infer<typeof ProducerNotice>;

export const FromHost = z.discriminatedUnion('t', [
  /** There is this producer: said of all at the beginning, and of each that comes. */
  ProducerNotice,
  z.object({ t: z.literal('gone'), producerId: z.string() }),
  z.object({ t: z.literal('taken'), producerId: z.string(), rtpParameters: RtpParameters }),
  z.object({ t: z.literal('refused'), producerId: z.string(), message: z.string() }),
  /** The room is over. */
  z.object({ t: z.literal('end') }),
]);
export type FromHost = z.infer<typeof FromHost>;

/**
 * Where the room of an allocation can be tapped. Made by the agent for host and recorder alike, as both have another idea of
 * the folder for temporary files. Short, as the path of a socket must be; the folder is ours alone.
 */
export function tapPath(shardAllocation: string): string {
  const name = createHash('sha256').update(shardAllocation).digest('hex').slice(0, 20);
  if (process.platform === 'win32') return `\\\\.\\pipe\\backlot-rooms-${name}`;
  return join(tmpdir(), `backlot-rooms-${userInfo().uid}`, name);
}
