import { Skeleton } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { ProblemNotice } from './problem-notice.tsx';
import classes from './query-view.module.css';

interface QueryViewProps<T> {
  readonly query: UseQueryResult<T, Error>;
  readonly children: (data: T) => ReactNode;
  /** Rows of the placeholder; about as high as what will come, so that nothing jumps. */
  readonly rows?: number;
}

/**
 * What a query has to show: a placeholder while it is read for the first time, the data, and the problem beside
 * the data when reading it again has failed. Old data stays: it is dated, not wrong.
 */
export function QueryView<T>({ query, children, rows = 4 }: QueryViewProps<T>) {
  const retry = () => void query.refetch();
  if (query.data === undefined) {
    return query.isError ? (
      <ProblemNotice error={query.error} onRetry={retry} />
    ) : (
      <Placeholder rows={rows} />
    );
  }
  return (
    <>
      {query.isError && <ProblemNotice error={query.error} onRetry={retry} />}
      {children(query.data)}
    </>
  );
}

/** Grey lines where text will be; they appear only when an answer takes longer than a glance. */
export function Placeholder({ rows }: { readonly rows: number }) {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className={classes.placeholder} data-visible={visible || undefined} aria-busy="true">
      {Array.from({ length: rows }, (_, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholder rows have no identity
        <Skeleton key={row} height={14} width={`${92 - ((row * 17) % 40)}%`} animate={false} />
      ))}
    </div>
  );
}
