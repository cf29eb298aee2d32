import { useQuery } from '@tanstack/react-query';
import { jobQuery } from '../../api/queries.ts';
import { useTexts } from '../../i18n/texts.ts';
import { JobActions } from '../../jobs/job-actions.tsx';
import { JobSummary } from '../../jobs/job-summary.tsx';
import { jobTexts } from '../../jobs/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { Link } from '../../parts/link.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { jobPath, useWorkloads } from '../../workloads/use-workloads.ts';

/** A job beside the list it was chosen from. */
export function JobPanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const say = useTexts(jobTexts);
  const workloads = useWorkloads();
  const job = useQuery(jobQuery(id));
  return (
    <SidePanel
      title={job.data?.name ?? ''}
      onClose={onClose}
      actions={<AsMenu apiPath={`/api/v1/jobs/${id}`} pagePath={`/jobs/${id}`} />}
    >
      <QueryView query={job}>
        {(data) => (
          <>
            <JobSummary job={data} />
            <JobActions job={data} />
            <p>
              <Link to={`/jobs/${data.id}`}>{say('tasks')}</Link>
              {jobPath(workloads, data) !== `/jobs/${data.id}` && (
                <>
                  {' · '}
                  <Link to={jobPath(workloads, data)}>{say('openOwn')}</Link>
                </>
              )}
            </p>
          </>
        )}
      </QueryView>
    </SidePanel>
  );
}
