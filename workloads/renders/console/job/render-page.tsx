import {
  AsMenu,
  FailureNotice,
  JobActions,
  JobProgressLine,
  Link,
  Page,
  QueryView,
  Section,
  StateBadge,
  TaskCounts,
  TaskPanel,
  useParam,
  useSearch,
  useTexts,
  WaitReason,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { FrameCell, Render } from '../../contract/api.ts';
import { downloadUrl, renderQuery } from '../queries.ts';
import { ModelFactsView } from '../shared/model-facts.tsx';
import { renderTexts } from '../texts.ts';
import { BigPicture } from './big-picture.tsx';
import { FilmStrip } from './film-strip.tsx';
import { FrameMap } from './frame-map.tsx';
import { finishedFrames, pictureToShow } from './frames.ts';
import { MissingFiles } from './missing-files.tsx';
import { NodeShare } from './node-share.tsx';
import { RenderNumbers } from './render-numbers.tsx';
import classes from './render-page.module.css';

/** One render, from the upload to the film: the picture first, then every frame, then who made it. */
export default function RenderPage() {
  const id = useParam('id');
  const say = useTexts(renderTexts);
  const render = useQuery(renderQuery(id));
  return (
    <Page
      title={render.data?.job.name ?? say('title')}
      aside={render.data && <StateBadge state={render.data.job.state} />}
      actions={
        <>
          {render.data && <Results render={render.data} />}
          <AsMenu apiPath={`/api/v1/renders/${id}`} />
        </>
      }
    >
      <QueryView query={render} rows={8}>
        {(data) => <Content render={data} />}
      </QueryView>
    </Page>
  );
}

/** The results as one file, as soon as there is one. */
function Results({ render }: { readonly render: Render }) {
  const say = useTexts(renderTexts);
  if (!render.frames.some((cell) => cell.artifactId !== null)) return null;
  return (
    <Button
      component="a"
      href={downloadUrl(render.job.id)}
      download
      variant={render.job.state === 'succeeded' ? 'filled' : 'default'}
      leftSection={<IconDownload size={14} aria-hidden="true" />}
    >
      {say('job.download')}
    </Button>
  );
}

function Content({ render }: { readonly render: Render }) {
  const say = useTexts(renderTexts);
  const { job, frames } = render;
  const [chosenText, setChosen] = useSearch('frame');
  const [task, setTask] = useSearch('task');
  const chosen = chosenText === undefined ? undefined : Number(chosenText);
  const finished = render.settings.format === 'exr' ? [] : finishedFrames(frames);
  const shown = pictureToShow(render, chosen);
  const select = (cell: FrameCell) => setChosen(String(cell.frame));
  const selectedFrame = chosen ?? shown?.frame ?? undefined;
  const selectedCell = frames.find((cell) => cell.frame === selectedFrame);
  const open = job.endedAt === null;

  return (
    <>
      <div className={classes.status}>
        <JobProgressLine job={job} withEta={open} />
        {job.failure && <FailureNotice failure={job.failure} />}
        {render.missing.length > 0 && render.heldTaskId !== null ? (
          <MissingFiles render={render} />
        ) : (
          <WaitReason reason={job.wait} />
        )}
        <JobActions job={job} />
      </div>
      <div className={classes.columns}>
        <div className={classes.pictures}>
          <BigPicture
            render={render}
            shown={shown}
            finished={finished}
            followed={chosen === undefined}
            onSelect={select}
            onFollow={() => setChosen(undefined)}
          />
          {finished.length > 1 && (
            <FilmStrip frames={finished} selected={shown?.frame ?? undefined} onSelect={select} />
          )}
        </div>
        <div className={classes.side}>
          {frames.length > 0 && (
            <Section
              title={say('job.frames')}
              aside={selectedCell && <SelectedFrame cell={selectedCell} onLog={setTask} />}
            >
              <FrameMap frames={frames} selected={selectedFrame} onSelect={select} />
            </Section>
          )}
          {frames.length === 0 && <TaskCounts job={job} />}
          <RenderNumbers render={render} />
          {render.nodes.length > 0 && (
            <Section title={say('job.nodes')}>
              <NodeShare nodes={render.nodes} />
            </Section>
          )}
          <p className={classes.links}>
            <Link to={`/jobs/${job.id}`}>{say('job.tasks')}</Link>
            <Link to={`/renders/new?from=${job.id}${render.modelId ? `&model=${render.modelId}` : ''}`}>
              {say('job.again')}
            </Link>
          </p>
        </div>
      </div>
      {render.facts.model && (
        <Section title={say('job.model')}>
          <ModelFactsView facts={render.facts.model} />
        </Section>
      )}
      {task !== undefined && <TaskPanel id={task} onClose={() => setTask(undefined)} />}
    </>
  );
}

function SelectedFrame({
  cell,
  onLog,
}: {
  readonly cell: FrameCell;
  readonly onLog: (taskId: string) => void;
}) {
  const say = useTexts(renderTexts);
  return (
    <span className={classes.selected}>
      {say('job.map.cell', { frame: cell.frame, state: say(`frame.${cell.state}`) })}
      {cell.nodeName !== null && ` · ${say('job.on', { node: cell.nodeName })}`}
      {cell.taskId !== null && (
        <Button variant="subtle" size="compact-xs" onClick={() => cell.taskId !== null && onLog(cell.taskId)}>
          {say('job.log')}
        </Button>
      )}
    </span>
  );
}
