import { Page } from '@backlot/contract/api/common';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import type { z } from 'zod';
import type { ListSource } from './queries.ts';
import { transport } from './transport.ts';

export interface List<Item> {
  /** Undefined until the first answer. */
  readonly items: readonly Item[] | undefined;
  /** What went wrong when the list was last read; the items are then from before. */
  readonly error: Error | null;
  readonly retry: () => void;
  /** Reads the next page if there is one and none is being read. */
  readonly more: () => void;
  readonly hasMore: boolean;
}

const pageSize = 100;

/**
 * A list of the API with its pages joined, for tables that go on when their end comes into sight. The filter is
 * part of its key, so that going back to a filter shows at once what was there.
 */
export function useList<Item extends z.ZodType>(source: ListSource<Item>): List<z.output<Item>> {
  const { path, item, query, subjects } = source;
  const result = useInfiniteQuery({
    queryKey: ['list', path, query],
    queryFn: ({ pageParam, signal }) =>
      transport().call('GET', path, Page(item), {
        query: { limit: pageSize, ...query, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    placeholderData: keepPreviousData,
    meta: { subjects: [...subjects] },
  });
  const { data, error, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = result;
  const items = useMemo(() => data?.pages.flatMap((page) => page.items), [data]);
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const retry = useCallback(() => void refetch(), [refetch]);
  return { items, error, retry, more, hasMore: hasNextPage };
}
