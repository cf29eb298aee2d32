import { isUtf8 } from 'node:buffer';

/** One message as it came: its bytes, which are what is handed on, and what they say. */
export interface Frame {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly bytes: Buffer;
}

/** Why bytes are no message; codes of `wireErrors`. */
export type FrameFault = 'frame_not_json' | 'frame_not_object' | 'frame_too_deep';

/**
 * Reads one frame. The bytes are kept as they are: the parsed fields only decide where they go, so that what a newer
 * engine adds survives. Browsers may send text or binary; either holds JSON in UTF-8.
 */
export function readFrame(bytes: Buffer, isBinary: boolean, maxDepth: number): Frame | FrameFault {
  // Text frames were checked by the socket library. Binary ones go on as text, which must be UTF-8 (RFC 6455 §8.1).
  if (isBinary && !isUtf8(bytes)) return 'frame_not_json';
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return 'frame_not_json';
  }
  if (!isRecord(value)) return 'frame_not_object';
  if (deeperThan(value, maxDepth)) return 'frame_too_deep';
  const { type } = value;
  if (typeof type !== 'string') return 'frame_not_object';
  return { type, fields: value, bytes };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a value has more levels than `limit`. The readers behind us (an engine's JSON reader) recurse, and a message
 * of a thousand levels could end the application. Never goes deeper than the limit itself.
 */
export function deeperThan(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (limit === 0) return true;
  if (Array.isArray(value)) return value.some((item) => deeperThan(item, limit - 1));
  for (const key in value) {
    if (deeperThan((value as Record<string, unknown>)[key], limit - 1)) return true;
  }
  return false;
}
