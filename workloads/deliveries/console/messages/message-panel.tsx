import {
  Facts,
  ProblemNotice,
  SidePanel,
  StateBadge,
  transport,
  useFormat,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, Group, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Message } from '../../contract/api.ts';
import { messagePath } from '../queries.ts';
import { deliveryTexts } from '../texts.ts';
import { messageTones } from './message-tones.ts';

interface MessagePanelProps {
  readonly message: Message;
  readonly onClose: () => void;
}

/** What was told, whole; why it has not arrived, and the way to send it again. */
export function MessagePanel({ message, onClose }: MessagePanelProps) {
  const say = useTexts(deliveryTexts);
  const format = useFormat();
  const client = useQueryClient();
  const { can } = useSession();
  const again = useMutation({
    mutationFn: () => transport().call('POST', `${messagePath(message.id)}/retry`, Message),
    onSettled: () => client.invalidateQueries(),
  });
  const { state, target, attempts, fault, nextTryAt, createdAt, endedAt, title, text } = message;
  const open = state === 'failed' || state === 'pending';
  return (
    <SidePanel title={title} onClose={onClose}>
      <div style={{ display: 'flex', flexDirection: 'column', gap: 14 }}>
        <Group gap="xs">
          <StateBadge state={state} tone={messageTones[state]} label={say(`state.${state}`)} />
          {open && can('deliveries.manage', message.projectId) && (
            <Button variant="default" loading={again.isPending} onClick={() => again.mutate()}>
              {say(state === 'failed' ? 'again' : 'again.now')}
            </Button>
          )}
        </Group>
        {again.error && <ProblemNotice error={again.error} />}
        <Facts
          items={[
            [say('col.target'), target],
            [say('col.tries'), format.number(attempts)],
            [say('col.when'), format.moment(createdAt)],
            ...(endedAt ? [[say('message.ended'), format.moment(endedAt)] as const] : []),
            ...(nextTryAt ? [[say('message.next'), format.moment(nextTryAt)] as const] : []),
            ...(fault === null ? [] : [[say('message.fault'), fault] as const]),
          ]}
        />
        <Text fw={600}>{say('message.text')}</Text>
        <Text
          style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}
          {...(text === '' ? { c: 'dimmed' } : {})}
        >
          {text === '' ? say('message.none') : text}
        </Text>
      </div>
    </SidePanel>
  );
}
