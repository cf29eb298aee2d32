import type { Artifact } from '@backlot/contract/api/artifacts';
import { FILM_CHAT_KIND, FilmChatMeta } from '../../../contract/chat.ts';

/**
 * The chat of a film: made by the same task, which named the film in it. A flow that ran twice has made films of the
 * same name twice, so the name alone would take the other run's chat, whose clock may differ.
 */
export function chatOf(film: Artifact, files: readonly Artifact[]): Artifact | undefined {
  if (film.taskId === null) return undefined;
  return files.find(
    (file) =>
      file.kind === FILM_CHAT_KIND &&
      file.taskId === film.taskId &&
      FilmChatMeta.safeParse(file.meta).data?.film === film.name,
  );
}
