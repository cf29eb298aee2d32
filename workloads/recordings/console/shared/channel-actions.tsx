import { ConfirmInline, transport, useSession, useTexts } from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconPlayerPlay, IconScissors } from '@tabler/icons-react';
import type { Channel } from '../../contract/channel.ts';
import { channelPath } from '../queries.ts';
import { recordingTexts } from '../texts.ts';
import { useAct } from './use-act.tsx';

/** What can be done about a channel right now: start, stop, split, and on its page end and take out. */
export function ChannelActions({
  channel,
  full = false,
}: {
  readonly channel: Channel;
  readonly full?: boolean;
}) {
  const say = useTexts(recordingTexts);
  const { can } = useSession();
  const act = useAct();
  if (!can('recordings.write', channel.projectId) || channel.state === 'removed') return null;
  const path = channelPath(channel.id);
  const post = (word: string) => () => transport().run('POST', `${path}/${word}`, { json: {} });
  const size = full ? 'xs' : 'compact-xs';
  const { name } = channel.settings;
  return (
    <>
      {channel.state === 'live' && (
        <Button
          size={size}
          variant="default"
          leftSection={<IconScissors size={13} aria-hidden="true" />}
          title={say('split.hint')}
          loading={act.busy}
          onClick={() => act.run(post('split'))}
        >
          {say('split')}
        </Button>
      )}
      {full && channel.state === 'live' && (
        <ConfirmInline
          label={say('end')}
          question={say('end.ask')}
          confirm={say('end')}
          onConfirm={() => act.whole(post('end-broadcast'))}
        />
      )}
      {channel.state === 'off' ? (
        <Button
          size={size}
          variant="default"
          leftSection={<IconPlayerPlay size={13} aria-hidden="true" />}
          loading={act.busy}
          onClick={() => act.run(post('start'))}
        >
          {say('start')}
        </Button>
      ) : full ? (
        <ConfirmInline
          label={say('stop')}
          question={say('stop.ask', { name })}
          confirm={say('stop')}
          danger
          onConfirm={() => act.whole(post('stop'))}
        />
      ) : (
        channel.state !== 'live' && (
          // What is being recorded is stopped only from its page, after a question.
          <Button size={size} variant="default" loading={act.busy} onClick={() => act.run(post('stop'))}>
            {say('stop')}
          </Button>
        )
      )}
      {act.problem}
    </>
  );
}
