import type { Event, LiveUpdate } from '@backlot/contract/api/events';
import { systemClock } from '@backlot/contract/clock';
import { streamEvents } from '@backlot/sdk/events';
import { useQueryClient } from '@tanstack/react-query';
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useState,
  useSyncExternalStore,
} from 'react';
import type { ConsoleWorkload } from '../workload.ts';
import { type LiveStatus, LiveStore } from './live-store.ts';
import { invalidateSubjects, progressOf, progressPace, subjectsOf } from './subjects.ts';
import { transport } from './transport.ts';

type EventListener = (event: Event) => void;

interface Live {
  readonly store: LiveStore;
  readonly listeners: Set<EventListener>;
}

const LiveContext = createContext<Live | null>(null);

function useLiveContext(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error('Live data is used outside of LiveProvider.');
  return live;
}

/** Subjects that hang on others: a task's change is a change of its node's page and of the overview, too. */
const alsoTouched: Readonly<Record<string, readonly string[]>> = {
  task: ['overview'],
  allocation: ['task', 'node', 'overview'],
  job: ['overview'],
  node: ['overview'],
  artifact: ['overview'],
};

interface LiveProviderProps {
  /** They say which of their queries an event of theirs makes stale. */
  readonly workloads: readonly ConsoleWorkload[];
  readonly children: ReactNode;
}

/**
 * Follows the event stream for the pages below it. An event makes the queries about its subject stale, an update
 * goes to whoever shows that thing; both at most twice a second.
 */
export function LiveProvider({ workloads, children }: LiveProviderProps) {
  const client = useQueryClient();
  const [live] = useState<Live>(() => ({
    store: new LiveStore(systemClock, (changed) => void invalidateSubjects(client, changed)),
    listeners: new Set(),
  }));

  useEffect(() => {
    const ended = new AbortController();
    const affected = (item: Event | LiveUpdate) => {
      for (const workload of workloads) {
        for (const queryKey of workload.affected?.(item) ?? []) void client.invalidateQueries({ queryKey });
      }
    };
    void follow(live, ended.signal, affected, () => void client.invalidateQueries());
    return () => {
      ended.abort();
      live.store.close();
    };
  }, [client, live, workloads]);

  return <LiveContext value={live}>{children}</LiveContext>;
}

async function follow(
  live: Live,
  signal: AbortSignal,
  affected: (item: Event | LiveUpdate) => void,
  readAllAgain: () => void,
): Promise<void> {
  let wasOpen = false;
  try {
    for await (const item of streamEvents(transport(), { signal })) {
      if (item.type === 'open') {
        // What passed by without being stored was missed; and the first open may come after the first reads.
        if (wasOpen || !item.resumed) readAllAgain();
        wasOpen = true;
        live.store.setStatus({ state: 'live', since: systemClock.now() });
      } else if (item.type === 'closed') {
        live.store.setStatus({ state: 'waiting', since: systemClock.now() });
      } else if (item.type === 'live') {
        live.store.update(item.update);
        const { jobId } = item.update.body;
        if (item.update.kind === 'task.progress' && typeof jobId === 'string') {
          live.store.pulse(progressOf(jobId), progressPace.job);
          live.store.pulse('progress', progressPace.list);
        }
        affected(item.update);
      } else {
        const { kind, id } = item.event.subject;
        const { jobId } = item.event.body;
        live.store.changed([
          'event',
          ...subjectsOf(kind, id),
          ...(alsoTouched[kind] ?? []),
          // A task that has ended is news of its job, too.
          ...(typeof jobId === 'string' ? subjectsOf('job', jobId) : []),
        ]);
        affected(item.event);
        for (const listener of live.listeners) listener(item.event);
      }
    }
  } catch {
    // The server refused the stream for good (signed out): the queries say so, and the log-in page takes over.
    live.store.setStatus({ state: 'waiting', since: systemClock.now() });
  }
}

/** Whether the page hears of changes as they happen. */
export function useLiveStatus(): LiveStatus {
  const { store } = useLiveContext();
  return useSyncExternalStore(
    useCallback((listener) => store.subscribeStatus(listener), [store]),
    () => store.status,
  );
}

/** The newest update of a kind about one thing, as it came on the stream; undefined before the first. */
export function useLiveUpdate(kind: string, id: string): Readonly<Record<string, unknown>> | undefined {
  const { store } = useLiveContext();
  return useSyncExternalStore(
    useCallback((listener) => store.subscribe(kind, id, listener), [store, kind, id]),
    () => store.latest(kind, id),
  );
}

/** Calls `listener` for every stored event, as it comes. */
export function useEvents(listener: EventListener): void {
  const { listeners } = useLiveContext();
  useEffect(() => {
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, [listeners, listener]);
}
