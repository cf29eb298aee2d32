import {
  Ago,
  AsMenu,
  ChoiceFilter,
  DropTarget,
  EmptyState,
  JobProgressLine,
  Link,
  ListView,
  type NamedFile,
  Page,
  StateBadge,
  TextFilter,
  uploadList,
  useGlossary,
  useGoTo,
  useList,
  useSearch,
  useSession,
  useTextSearch,
  useTexts,
} from '@backlot/console/workload';
import { jobStates } from '@backlot/contract/states/job';
import { Button } from '@mantine/core';
import { IconCube, IconPlus } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import type { RenderSummary } from '../../contract/api.ts';
import { rendersQuery } from '../queries.ts';
import { DropZone } from '../shared/drop-zone.tsx';
import { isDrawable, Picture } from '../shared/picture.tsx';
import { useTargetProject } from '../shared/use-project.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { renderTexts } from '../texts.ts';
import classes from './renders-page.module.css';

/** All renders with their newest pictures. The empty list is the place to drop the first model. */
export default function RendersPage() {
  const say = useTexts(renderTexts);
  const word = useGlossary();
  const goTo = useGoTo();
  const { project: chosen, can } = useSession();
  const project = useTargetProject();
  const [state, setState] = useSearch('state');
  const search = useTextSearch();
  const filtered = search.wanted !== undefined || state !== undefined;
  const list = useList(rendersQuery({ projectId: chosen?.id, state, text: search.wanted }));
  const maySubmit = project !== undefined && can('jobs.submit', project.id);
  const begin = (files: readonly NamedFile[]) => {
    if (!project) return;
    uploadList('new-render', project.id).add(files);
    goTo('/renders/new');
  };

  return (
    <DropTarget hint={say('drop.hint')} onFiles={begin} disabled={!maySubmit}>
      <Page
        title={say('title')}
        aside={<ViewTabs active="renders" />}
        actions={
          <>
            {can('jobs.submit') && (
              <Button
                leftSection={<IconPlus size={14} aria-hidden="true" />}
                onClick={() => goTo('/renders/new')}
              >
                {say('new')}
              </Button>
            )}
            <AsMenu apiPath="/api/v1/renders" />
          </>
        }
        toolbar={
          ((list.items !== undefined && list.items.length > 0) || filtered) && (
            <>
              <TextFilter label={say('filter.text')} search={search} />
              <ChoiceFilter
                label={word('word.state')}
                choices={jobStates}
                nameOf={(one) => word(`state.${one}`)}
                value={state}
                onChange={setState}
              />
            </>
          )
        }
      >
        <ListView list={list} rows={8}>
          {(items) => {
            if (items.length > 0)
              return <RenderGrid renders={items} onEnd={list.more} hasMore={list.hasMore} />;
            if (filtered)
              return <EmptyState title={say('none.filtered')}>{say('none.filtered.text')}</EmptyState>;
            return (
              <DropZone onFiles={begin} disabled={!maySubmit}>
                {project ? (
                  <Link to="/renders/models">{say('drop.library')}</Link>
                ) : (
                  <p className="dim">{say('drop.needsProject')}</p>
                )}
              </DropZone>
            );
          }}
        </ListView>
      </Page>
    </DropTarget>
  );
}

interface RenderGridProps {
  readonly renders: readonly RenderSummary[];
  readonly hasMore: boolean;
  readonly onEnd: () => void;
}

function RenderGrid({ renders, hasMore, onEnd }: RenderGridProps) {
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    const element = end.current;
    if (!element || !hasMore) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) onEnd();
      },
      { rootMargin: '600px' },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [hasMore, onEnd]);
  return (
    <ul className={classes.grid}>
      {renders.map((render) => (
        <RenderCard key={render.job.id} render={render} />
      ))}
      <li ref={end} aria-hidden="true" className={classes.end} />
    </ul>
  );
}

function RenderCard({ render }: { readonly render: RenderSummary }) {
  const say = useTexts(renderTexts);
  const { job, picture, frames } = render;
  const open = job.endedAt === null;
  return (
    <li className={classes.card}>
      <Link to={`/renders/${job.id}`} className={classes.link}>
        <span className={classes.picture}>
          {picture && isDrawable(picture) ? (
            <Picture artifactId={picture.id} alt="" fit="cover" lazy />
          ) : (
            <IconCube size={30} stroke={1.2} aria-hidden="true" />
          )}
        </span>
        <span className={classes.name}>{job.name}</span>
      </Link>
      <div className={classes.line}>
        <StateBadge state={job.state} />
        <span className={`dim ${classes.gives}`}>
          {say(`make.${render.subject}`)}
          {frames.total > 1 && ` · ${say('list.frames', { done: frames.done, count: frames.total })}`}
        </span>
      </div>
      {open && <JobProgressLine job={job} withEta={false} />}
      <div className={classes.line}>
        <span className={`dim ${classes.gives}`}>{say('by', { name: job.createdBy.name })}</span>
        <span className="dim">
          <Ago at={job.createdAt} />
        </span>
      </div>
    </li>
  );
}
