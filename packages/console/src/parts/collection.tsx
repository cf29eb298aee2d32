import { Button } from '@mantine/core';
import { type Icon, IconPlus } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import type { List } from '../api/use-list.ts';
import classes from './collection.module.css';
import { type Column, DataTable } from './data-table.tsx';
import { EmptyState } from './empty-state.tsx';
import { ListView } from './list-view.tsx';
import { useSearch } from './use-search.ts';

interface CollectionProps<Item> {
  readonly label: string;
  readonly list: List<Item>;
  readonly columns: readonly Column<Item>[];
  /** How another one comes to be; left out for whoever may not. */
  readonly add: { readonly label: string; readonly icon?: Icon; readonly panel: Panel } | undefined;
  /** What is said, and shown, while there is none. */
  readonly none: { readonly icon: Icon; readonly title: string; readonly text: string };
  readonly panelOf: (item: Item, close: () => void) => ReactNode;
}

type Panel = (close: () => void) => ReactNode;

/**
 * Things that a studio has some of – people, tokens, webhooks – as a table whose rows open at its side. Which one is
 * open stands in the address (`?open=<id>`, `?open=new` for the panel that adds one).
 */
export function Collection<Item extends { readonly id: string }>(props: CollectionProps<Item>) {
  const { label, list, columns, add, none, panelOf } = props;
  const [open, setOpen] = useSearch('open');
  const close = () => setOpen(undefined);
  const selected = list.items?.find((item) => item.id === open);
  const AddIcon = add?.icon ?? IconPlus;
  const addButton = add && (
    <Button leftSection={<AddIcon size={14} aria-hidden="true" />} onClick={() => setOpen('new')}>
      {add.label}
    </Button>
  );
  return (
    <>
      {list.items !== undefined && list.items.length > 0 && <div className={classes.tools}>{addButton}</div>}
      <ListView list={list}>
        {(items) => (
          <DataTable
            fill
            label={label}
            columns={columns}
            rows={items}
            rowKey={(item) => item.id}
            selected={open}
            onOpen={(item) => setOpen(item.id)}
            onEnd={list.more}
            empty={
              <EmptyState
                icon={<none.icon size={32} stroke={1.4} />}
                title={none.title}
                {...(addButton ? { action: addButton } : {})}
              >
                {none.text}
              </EmptyState>
            }
          />
        )}
      </ListView>
      {open === 'new' && add?.panel(close)}
      {selected && <Fragment key={selected.id}>{panelOf(selected, close)}</Fragment>}
    </>
  );
}
