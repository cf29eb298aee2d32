import { findByName } from '@backlot/cli/command';
import type { Channel } from '../contract/channel.ts';
import type { RecordingsApi } from './recordings-api.ts';

/** The channel of this name, id, or beginning or end of an id. @throws not_found, ambiguous_name */
export async function findChannel(api: RecordingsApi, typed: string): Promise<Channel> {
  const { channel } = await findByName(
    'channel',
    typed,
    async function* () {
      for await (const one of api.channels({})) yield named(one);
    },
    async (id) => named(await api.channel(id)),
  );
  return channel;
}

const named = (channel: Channel) => ({ id: channel.id, name: channel.settings.name, channel });
