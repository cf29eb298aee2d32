import { useQuery } from '@tanstack/react-query';
import { taskQuery } from '../api/queries.ts';
import { useTexts } from '../i18n/texts.ts';
import { AsMenu } from '../parts/as-menu.tsx';
import { LogView } from '../parts/log-view.tsx';
import { QueryView } from '../parts/query-view.tsx';
import { SidePanel } from '../parts/side-panel.tsx';
import { Attempts } from './attempts.tsx';
import { TaskActions } from './task-actions.tsx';
import { TaskSummary } from './task-summary.tsx';
import { jobTexts } from './texts.ts';

/** A task beside its job: why it waits or failed, its attempts, its log. */
export function TaskPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const say = useTexts(jobTexts);
  const task = useQuery(taskQuery(id));
  return (
    <SidePanel
      title={task.data?.key ?? ''}
      onClose={onClose}
      actions={<AsMenu apiPath={`/api/v1/tasks/${id}`} pagePath={`/tasks/${id}`} />}
    >
      <QueryView query={task}>
        {(data) => (
          <>
            <TaskSummary task={data} />
            <TaskActions task={data} />
            <section>
              <h3>{say('task.attempts')}</h3>
              <Attempts allocations={data.allocations} />
            </section>
            {data.allocation && (
              <section>
                <h3>{say('task.log')}</h3>
                <LogView allocationId={data.allocation.id} height={260} />
              </section>
            )}
          </>
        )}
      </QueryView>
    </SidePanel>
  );
}
