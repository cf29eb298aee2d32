import { randomBytes } from 'node:crypto';
import { BacklotError } from '@backlot/contract';
import type { ChannelCreate } from '../../contract/channel.ts';
import { recordingErrors } from '../../contract/errors.ts';
import { kindOfAddress, SourceSpec } from '../../contract/source.ts';

/** A key that nobody guesses: 160 bits. */
export function newIngestKey(): string {
  return randomBytes(20).toString('base64url');
}

/**
 * What was given as a source, complete: the kind of a bare address is read from it, and a channel that is published to gets a
 * key, or keeps the one it has.
 * @throws source_unknown
 */
export function completeSource(given: ChannelCreate['source'], before?: SourceSpec): SourceSpec {
  if (given.kind === 'push') {
    if ('key' in given) return given;
    return before?.kind === 'push' ? before : { kind: 'push', key: newIngestKey() };
  }
  if (given.kind !== 'auto') return given;
  const kind = kindOfAddress(given.url);
  if (kind === undefined) throw new BacklotError(recordingErrors.source_unknown, { pointer: 'source/url' });
  const spec =
    kind === 'resolver'
      ? { kind, resolver: 'streamlink' as const, url: given.url }
      : { kind, url: given.url };
  return SourceSpec.parse(spec);
}

/** The source as people may see it who may not change it: what could let them in elsewhere is left out. */
export function withoutSecrets(source: SourceSpec): SourceSpec {
  switch (source.kind) {
    case 'push':
      return { kind: 'push', key: '•'.repeat(16) };
    case 'bililive':
      return source;
    default: {
      const url = new URL(source.url);
      url.username = '';
      url.password = '';
      url.search = '';
      const { kind } = source;
      return kind === 'resolver' ? { ...source, url: url.href } : { kind, url: url.href };
    }
  }
}
