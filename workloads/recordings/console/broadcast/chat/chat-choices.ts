import { useLocalStorage } from '@mantine/hooks';
import { z } from 'zod';
import { chatLineKinds } from '../../../contract/chat.ts';
import type { ChatLineKind } from './line.ts';

const Choices = z.object({
  hidden: z.array(z.enum(chatLineKinds)).catch([]),
  over: z.boolean().catch(false),
});
/** How somebody wants to see chats. */
export interface ChatChoices {
  readonly hidden: readonly ChatLineKind[];
  /** Lines fly over the picture. */
  readonly over: boolean;
}

const first: ChatChoices = { hidden: [], over: false };

/** What a browser has kept; anything else there is as if nothing had been kept. */
export function readChoices(kept: string | undefined): ChatChoices {
  try {
    return Choices.parse(JSON.parse(kept ?? '{}'));
  } catch {
    return first;
  }
}

/** Kept in this browser, for every film. */
export function useChatChoices(): [ChatChoices, (next: Partial<ChatChoices>) => void] {
  const [choices, setChoices] = useLocalStorage<ChatChoices>({
    key: 'backlot.chat',
    defaultValue: first,
    getInitialValueInEffect: false,
    deserialize: readChoices,
  });
  return [choices, (next) => setChoices({ ...choices, ...next })];
}
