import type { Account } from '@backlot/contract/api/access';
import { IconUserPlus, IconUsers } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useList } from '../../api/use-list.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Collection } from '../../parts/collection.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago } from '../../parts/time.tsx';
import { NewPerson, PersonPanel } from './person-panel.tsx';
import { accountsQuery } from './queries.ts';
import { accessTexts } from './texts.ts';

/** Everybody with an account, their roles, and when they were last here. */
export function People() {
  const say = useTexts(accessTexts);
  const list = useList(accountsQuery());
  const columns = usePeopleColumns();
  return (
    <Collection
      label={say('people')}
      list={list}
      columns={columns}
      add={{
        label: say('people.add'),
        icon: IconUserPlus,
        panel: (close) => <NewPerson onClose={close} />,
      }}
      none={{ icon: IconUsers, title: say('people.none'), text: say('people.none.text') }}
      panelOf={(account, close) => <PersonPanel account={account} onClose={close} />}
    />
  );
}

function usePeopleColumns(): readonly Column<Account>[] {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'name',
        header: word('word.name'),
        width: 'minmax(140px, 1fr)',
        cell: (account) => account.name,
        phone: 'title',
      },
      {
        key: 'email',
        header: say('email'),
        width: 'minmax(160px, 1.2fr)',
        cell: (account) => account.email,
        phone: 'meta',
      },
      {
        key: 'roles',
        header: say('roles'),
        width: 'minmax(160px, 2fr)',
        cell: (account) =>
          account.grants
            .map((grant) => `${word(`role.${grant.role}`)} · ${grant.projectName ?? say('everywhere')}`)
            .join(', '),
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '110px',
        cell: (account) => <StateBadge state={account.disabled ? 'disabled' : 'active'} />,
        phone: 'end',
      },
      {
        key: 'seen',
        header: say('seen'),
        width: '110px',
        cell: (account) => <Ago at={account.lastSeenAt} />,
        align: 'end',
      },
    ],
    [say, word],
  );
}
