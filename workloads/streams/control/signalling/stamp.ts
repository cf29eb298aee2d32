import type { Frame } from './frame.ts';
import { membersOf } from './json-members.ts';

const openBrace = 0x7b;

/**
 * The same message with our `playerId` in it, and every other byte as it was. A player can't speak for another one: a
 * `playerId` of its own, however often and however spelt, is taken out.
 *
 * Without one, which is the usual case, ours is put behind the first brace: a copy of the bytes and nothing else. An
 * object with a `type` is never empty, so the comma is right.
 */
export function stampPlayerId(frame: Frame, playerId: string): Buffer {
  const { bytes, fields } = frame;
  const ours = `{"playerId":${JSON.stringify(playerId)}`;
  if (!Object.hasOwn(fields, 'playerId')) {
    return Buffer.concat([Buffer.from(`${ours},`, 'latin1'), bytes.subarray(bytes.indexOf(openBrace) + 1)]);
  }
  const parts: Buffer[] = [Buffer.from(ours, 'latin1')];
  for (const { name, start, end } of membersOf(bytes)) {
    if (name !== 'playerId') parts.push(separator, bytes.subarray(start, end));
  }
  parts.push(end);
  return Buffer.concat(parts);
}

const separator = Buffer.from(',');
const end = Buffer.from('}');

/**
 * Whether a message has a member twice. `JSON.parse` takes the last one, an engine's reader perhaps the first: then
 * the two would read different messages, and what we refuse could pass.
 */
export function isAmbiguous(frame: Frame): boolean {
  return membersOf(frame.bytes).length !== Object.keys(frame.fields).length;
}
