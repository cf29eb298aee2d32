import type { ReactNode } from 'react';
import type { List } from '../api/use-list.ts';
import { ProblemNotice } from './problem-notice.tsx';
import { Placeholder } from './query-view.tsx';

interface ListViewProps<Item> {
  readonly list: List<Item>;
  readonly children: (items: readonly Item[]) => ReactNode;
  readonly rows?: number;
}

/** What a list has to show: its problem, a placeholder until the first answer, then its items. */
export function ListView<Item>({ list, children, rows = 6 }: ListViewProps<Item>) {
  const { error, retry, items } = list;
  return (
    <>
      {error && <ProblemNotice error={error} onRetry={retry} />}
      {items === undefined ? !error && <Placeholder rows={rows} /> : children(items)}
    </>
  );
}
