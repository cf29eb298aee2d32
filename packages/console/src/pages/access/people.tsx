import type { Account } from '@backlot/contract/api/access';
import { Button } from '@mantine/core';
import { IconUserPlus, IconUsers } from '@tabler/icons-react';
import { useMemo } from 'react';
import { useList } from '../../api/use-list.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago } from '../../parts/time.tsx';
import { useSearch } from '../../parts/use-search.ts';
import classes from './access.module.css';
import { NewPerson, PersonPanel } from './person-panel.tsx';
import { accountsQuery } from './queries.ts';
import { accessTexts } from './texts.ts';

/** Everybody with an account, their roles, and when they were last here. */
export function People() {
  const say = useTexts(accessTexts);
  const [open, setOpen] = useSearch('open');
  const list = useList(accountsQuery());
  const columns = usePeopleColumns();
  const selected = list.items?.find((account) => account.id === open);
  return (
    <>
      <div className={classes.tools}>
        <Button leftSection={<IconUserPlus size={14} aria-hidden="true" />} onClick={() => setOpen('new')}>
          {say('people.add')}
        </Button>
      </div>
      <ListView list={list}>
        {(accounts) => (
          <DataTable
            fill
            label={say('people')}
            columns={columns}
            rows={accounts}
            rowKey={(account) => account.id}
            selected={open}
            onOpen={(account) => setOpen(account.id)}
            onEnd={list.more}
            empty={
              <EmptyState icon={<IconUsers size={32} stroke={1.4} />} title={say('people.none')}>
                {say('people.none.text')}
              </EmptyState>
            }
          />
        )}
      </ListView>
      {open === 'new' && <NewPerson onClose={() => setOpen(undefined)} />}
      {selected && <PersonPanel key={selected.id} account={selected} onClose={() => setOpen(undefined)} />}
    </>
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
