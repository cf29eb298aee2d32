import type { MediaEvent } from '../../contract/media/events.ts';
import type { LiveRoom } from './live-room.ts';
import { offerAll } from './offers.ts';

/**
 * The demo's bot: a data channel that everybody hears, on which it repeats what it is told. It shows that data goes both
 * ways through the server without a second person.
 */

/** Opens the bot's own channel once the room has its place, and offers it to those who are there. Never throws. */
export async function openBot(room: LiveRoom): Promise<void> {
  if (!room.row.settings.bot || room.bot) return;
  try {
    const { dataProducerId } = await room.place.call('openServerData', { label: 'bot' });
    room.bot = { out: dataProducerId, messages: 0 };
  } catch (error) {
    room.deps.kernel.log.warn({ err: error, room: room.id }, 'the bot of a room could not speak');
    return;
  }
  for (const member of room.joined()) void offerAll(room, member);
}

/** Has the bot hear a channel that is meant for it. Never throws. */
export async function listenToBotChannel(room: LiveRoom, dataProducerId: string): Promise<void> {
  if (!room.bot) return;
  await room.place.call('listenData', { dataProducerId, listen: true }).catch((error: unknown) => {
    room.deps.kernel.log.debug({ err: error, room: room.id }, 'the bot can’t hear a channel');
  });
}

export function hearBot(room: LiveRoom, event: Extract<MediaEvent, { event: 'dataMessage' }>): void {
  const { bot } = room;
  if (!bot || event.text === undefined) return;
  bot.messages += 1;
  const name = room.members.get(event.owner)?.name || event.owner;
  const text = `${name} said me: "${event.text.slice(0, 1_000)}"`;
  room.place
    .call('sendData', { dataProducerId: bot.out, message: { text } })
    .catch((error: unknown) =>
      room.deps.kernel.log.debug({ err: error, room: room.id }, 'the bot was not heard'),
    );
}
