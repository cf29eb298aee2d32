import {
  Ago,
  AsMenu,
  ChoiceFilter,
  type Column,
  DataTable,
  EmptyState,
  ListView,
  Page,
  StateBadge,
  useFormat,
  useList,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { IconBell } from '@tabler/icons-react';
import { useMemo } from 'react';
import { type Message, messageStates } from '../../contract/api.ts';
import { NextTry } from '../parts/next-try.tsx';
import { ViewTabs } from '../parts/view-tabs.tsx';
import { messagesQuery } from '../queries.ts';
import { deliveryTexts } from '../texts.ts';
import { MessagePanel } from './message-panel.tsx';
import { messageTones } from './message-tones.ts';

/** What was told to whom, what waits, and what was told together. */
export default function MessagesPage() {
  const say = useTexts(deliveryTexts);
  const { project } = useSession();
  const [state, setState] = useSearch('state');
  const [shown, setShown] = useSearch('message');
  const list = useList(messagesQuery({ projectId: project?.id, state }));
  const format = useFormat();
  const columns = useMemo<readonly Column<Message>[]>(
    () => [
      {
        key: 'title',
        header: say('col.title'),
        width: 'minmax(200px, 3fr)',
        phone: 'title',
        cell: (one) => one.title,
      },
      {
        key: 'target',
        header: say('col.target'),
        width: 'minmax(110px, 1fr)',
        phone: 'meta',
        cell: (one) => one.target,
      },
      {
        key: 'state',
        header: say('col.state'),
        width: '130px',
        phone: 'end',
        cell: (one) => (
          <StateBadge state={one.state} tone={messageTones[one.state]} label={say(`state.${one.state}`)} />
        ),
      },
      {
        key: 'tries',
        header: say('col.tries'),
        width: '90px',
        align: 'end',
        cell: (one) => format.number(one.attempts),
      },
      {
        key: 'why',
        header: say('col.why'),
        width: 'minmax(160px, 2fr)',
        phone: 'meta',
        cell: (one) => (
          <NextTry
            at={one.state === 'pending' && one.fault !== null ? one.nextTryAt : null}
            words={[one.fault]}
          />
        ),
      },
      {
        key: 'since',
        header: say('col.when'),
        width: '130px',
        align: 'end',
        phone: 'meta',
        cell: (one) => <Ago at={one.createdAt} />,
      },
    ],
    [say, format],
  );
  return (
    <Page
      title={say('messages')}
      fill
      aside={<ViewTabs active="messages" />}
      actions={<AsMenu apiPath="/api/v1/delivery-messages" />}
      toolbar={
        <ChoiceFilter
          label={say('col.state')}
          placeholder={say('show.states')}
          choices={messageStates}
          nameOf={(one) => say(`state.${one}`)}
          value={state}
          onChange={setState}
        />
      }
    >
      <ListView list={list}>
        {(messages) => (
          <>
            <DataTable
              label={say('messages')}
              columns={columns}
              rows={messages}
              rowKey={(one) => one.id}
              onOpen={(one) => setShown(one.id)}
              onEnd={list.more}
              fill
              empty={
                <EmptyState
                  icon={<IconBell size={28} />}
                  title={say(state === undefined ? 'empty.messages' : 'empty.filtered')}
                >
                  {state === undefined && say('empty.messages.text')}
                </EmptyState>
              }
            />
            {messages
              .filter(({ id }) => id === shown)
              .map((one) => (
                <MessagePanel key={one.id} message={one} onClose={() => setShown(undefined)} />
              ))}
          </>
        )}
      </ListView>
    </Page>
  );
}
