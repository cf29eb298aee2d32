import { useRouter, useRouterState } from '@tanstack/react-router';
import { useCallback } from 'react';

/**
 * One value of the address's query, and how to change it: filters and the selected thing live there, so that
 * every view can be shared and "back" takes it back.
 */
export function useSearch(
  name: string,
): [value: string | undefined, set: (value: string | undefined) => void] {
  const router = useRouter();
  const search = useRouterState({ select: (state) => state.location.searchStr });
  const value = new URLSearchParams(search).get(name) ?? undefined;
  const set = useCallback(
    (next: string | undefined) => {
      const { pathname, searchStr } = router.state.location;
      const parameters = new URLSearchParams(searchStr);
      if (next === undefined || next === '') parameters.delete(name);
      else parameters.set(name, next);
      const text = parameters.toString();
      router.history.replace(text ? `${pathname}?${text}` : pathname);
    },
    [router, name],
  );
  return [value, set];
}

/** A value from the path (`$id`); pages of one route always have theirs. */
export function useParam(name: string): string {
  const params = useRouterState({ select: (state) => state.matches.at(-1)?.params });
  const value: unknown = params && Object.hasOwn(params, name) ? Reflect.get(params, name) : undefined;
  return typeof value === 'string' ? value : '';
}
