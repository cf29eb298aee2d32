import type { Me, Project } from '@backlot/contract/api/access';
import { collect } from '@backlot/sdk/paging';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import { api, setCsrfToken } from '../api/transport.ts';
import { permitted } from './permitted.ts';

const projectKey = 'backlot.project';

/** Who is signed in, and in which project the pages work. */
export interface Session {
  readonly me: Me;
  readonly projects: readonly Project[];
  /** The chosen project; undefined shows all that one may see. */
  readonly project: Project | undefined;
  readonly chooseProject: (id: string | undefined) => void;
  /** Whether an action will work, so that pages offer only what does. In the chosen project if none is named. */
  readonly can: (permission: string, projectId?: string) => boolean;
}

const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('The session is used outside of SessionProvider.');
  return session;
}

export const meQuery = () =>
  queryOptions({
    queryKey: ['me'],
    queryFn: async ({ signal }) => {
      const me = await api().access.me(signal);
      setCsrfToken(me.csrfToken);
      return me;
    },
    staleTime: 60_000,
    refetchInterval: 5 * 60_000,
  });

export const projectsQuery = () =>
  queryOptions({
    queryKey: ['projects'],
    queryFn: ({ signal }) => collect(api().access.projects(signal)),
    meta: { subjects: ['project'] },
  });

function storedProject(): string | undefined {
  try {
    return localStorage.getItem(projectKey) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Gives the pages their session. Drawn only once somebody is signed in. */
export function SessionProvider({ me, children }: { readonly me: Me; readonly children: ReactNode }) {
  const { data: projects = [] } = useQuery(projectsQuery());
  const [chosen, setChosen] = useState(storedProject);

  const chooseProject = useCallback((id: string | undefined) => setChosen(id), []);
  useEffect(() => {
    try {
      if (chosen === undefined) localStorage.removeItem(projectKey);
      else localStorage.setItem(projectKey, chosen);
    } catch {
      // Then the choice lasts for this page only.
    }
  }, [chosen]);

  const session = useMemo<Session>(() => {
    // A project that is gone, or of which one is no member any more, is no choice.
    const project = projects.find((one) => one.id === chosen);
    return {
      me,
      projects,
      project,
      chooseProject,
      can: (permission, projectId = project?.id) => permitted(me.permissions, permission, projectId),
    };
  }, [me, projects, chosen, chooseProject]);
  return <SessionContext value={session}>{children}</SessionContext>;
}
