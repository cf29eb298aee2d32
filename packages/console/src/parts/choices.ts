import { Page } from '@backlot/contract/api/common';
import { collect, everyItem } from '@backlot/sdk/paging';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import type { z } from 'zod';
import type { ListSource } from '../api/queries.ts';
import { transport } from '../api/transport.ts';

/** Items of one request; the most that the API gives. */
const pageSize = 500;
/** Nobody scrolls further; a list that grows with time (runs, broadcasts) is searched by the server instead. */
const most = 5_000;

/**
 * How many entries a choice draws at once (`limit` of Mantine’s selects): typing finds the others. Thousands of entries
 * in one drop-down take a second to open.
 */
export const shownChoices = 100;

/**
 * A whole list of the API, for what is chosen from: all its pages, so that the entry looked for is among them however
 * many there are. Tables, which go on as one scrolls, read theirs by `useList`.
 */
export function useChoices<Item extends z.ZodType>(
  source: ListSource<Item>,
): UseQueryResult<readonly z.output<Item>[], Error> {
  const { path, item, query, subjects } = source;
  return useQuery({
    queryKey: ['choices', path, query],
    queryFn: ({ signal }) =>
      collect(
        everyItem((cursor) =>
          transport().call('GET', path, Page(item), {
            query: { ...query, limit: pageSize, ...(cursor === undefined ? {} : { cursor }) },
            signal,
          }),
        ),
        most,
      ),
    // Many pages: they are read again when one of them has changed, not by the clock.
    staleTime: 60_000,
    refetchInterval: false,
    meta: { subjects: [...subjects] },
  });
}
