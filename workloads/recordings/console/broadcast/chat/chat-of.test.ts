import type { Artifact } from '@backlot/contract/api/artifacts';
import { newId } from '@backlot/contract/id';
import { describe, expect, it } from 'vitest';
import { CHAT_SUBTITLES_KIND, FILM_CHAT_KIND } from '../../../contract/chat.ts';
import { FILM_KIND } from '../../../contract/segment.ts';
import { chatOf } from './chat-of.ts';

const run = newId();
const artifact = (more: Partial<Artifact>): Artifact => ({
  id: newId(),
  projectId: newId(),
  jobId: newId(),
  taskId: run,
  name: 'film.mp4',
  kind: FILM_KIND,
  digest: 'ab'.repeat(32),
  size: 1,
  mediaType: 'video/mp4',
  meta: {},
  createdAt: '2026-11-27T12:00:00.000Z',
  retentionUntil: null,
  stored: true,
  holders: [],
  ...more,
});
const chat = (film: unknown, more: Partial<Artifact> = {}) =>
  artifact({ kind: FILM_CHAT_KIND, name: 'film.chat.jsonl', meta: { film, part: 1, lines: 3 }, ...more });

const first = artifact({});
const second = artifact({ name: 'film-2.mp4' });
const ofFirst = chat('film.mp4');
const ofSecond = chat('film-2.mp4');

describe('the chat of a film', () => {
  it.each<[string, Artifact, readonly Artifact[], Artifact | undefined]>([
    ['is the one that names it', second, [first, second, ofFirst, ofSecond], ofSecond],
    ['is not that of another part', second, [second, ofFirst], undefined],
    ['is not what another run made', first, [chat('film.mp4', { taskId: newId() }), ofFirst], ofFirst],
    ['is not its subtitles', first, [chat('film.mp4', { kind: CHAT_SUBTITLES_KIND })], undefined],
    ['is none when it does not say of which film', first, [chat(7)], undefined],
    [
      'is none for a film that no task made',
      artifact({ taskId: null }),
      [chat('film.mp4', { taskId: null })],
      undefined,
    ],
  ])('%s', (_what, film, files, wanted) => {
    expect(chatOf(film, files)).toBe(wanted);
  });
});
