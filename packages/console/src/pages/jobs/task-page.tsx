import { useQuery } from '@tanstack/react-query';
import { taskQuery } from '../../api/queries.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Attempts } from '../../jobs/attempts.tsx';
import { TaskActions } from '../../jobs/task-actions.tsx';
import { TaskSummary } from '../../jobs/task-summary.tsx';
import { jobTexts } from '../../jobs/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { Link } from '../../parts/link.tsx';
import { LogView } from '../../parts/log-view.tsx';
import { Page, Section } from '../../parts/page.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useParam } from '../../parts/use-search.ts';

/** One task at an address of its own. */
export default function TaskPage() {
  const id = useParam('id');
  const say = useTexts(jobTexts);
  const word = useGlossary();
  const task = useQuery(taskQuery(id));
  return (
    <Page
      title={task.data ? `${word('noun.task')} ${task.data.key}` : word('noun.task')}
      actions={<AsMenu apiPath={`/api/v1/tasks/${id}`} />}
    >
      <QueryView query={task} rows={6}>
        {(data) => (
          <>
            <TaskSummary task={data} />
            <TaskActions task={data} />
            <Section title={say('task.attempts')}>
              <Attempts allocations={data.allocations} />
            </Section>
            {data.needs.length > 0 && (
              <Section title={say('task.needs')}>
                <ul>
                  {data.needs.map((need) => (
                    <li key={need}>
                      <Link to={`/tasks/${need}`}>
                        <code>{need}</code>
                      </Link>
                    </li>
                  ))}
                </ul>
              </Section>
            )}
            {data.allocation && (
              <Section title={say('task.log')}>
                <LogView allocationId={data.allocation.id} height={420} />
              </Section>
            )}
            <Section title={say('parameters')}>
              <JsonView value={data.parameters} />
            </Section>
            {data.result && (
              <Section title={say('result')}>
                <JsonView value={data.result} />
              </Section>
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}
