import type { NodeAllocation, NodeView } from '@backlot/contract/api/nodes';
import type { Schedulability } from '@backlot/contract/states/node';
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { invalidateSubjects, subjectsOf } from '../../api/subjects.ts';
import { api } from '../../api/transport.ts';
import { useTexts } from '../../i18n/texts.ts';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { useGoTo } from '../../parts/link.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import classes from './node-page.module.css';
import { nodeTexts } from './texts.ts';

/** Cordon, drain and remove; each says first what it will do. */
export function NodeActions({ node }: { readonly node: NodeView }) {
  const say = useTexts(nodeTexts);
  const client = useQueryClient();
  const goTo = useGoTo();
  const refresh = () => invalidateSubjects(client, new Set([...subjectsOf('node', node.id), 'overview']));
  const schedule = async (schedulable: Schedulability) => {
    await api().nodes.change(node.id, { schedulable });
    await refresh();
  };
  if (node.state === 'removed') return null;
  return (
    <>
      {node.schedulable === 'yes' ? (
        <ConfirmInline
          label={say('cordon')}
          question={say('cordon.question', { name: node.name })}
          confirm={say('cordon')}
          onConfirm={() => schedule('cordoned')}
        />
      ) : (
        <Button variant="default" onClick={() => void schedule('yes')}>
          {say('uncordon')}
        </Button>
      )}
      {node.schedulable !== 'draining' && (
        <ConfirmInline
          label={say('drain')}
          question={<DrainQuestion node={node} />}
          confirm={say('drain')}
          onConfirm={() => schedule('draining')}
        />
      )}
      <ConfirmInline
        danger
        label={say('remove')}
        question={say('remove.question', { name: node.name })}
        confirm={say('remove')}
        onConfirm={async () => {
          await api().nodes.remove(node.id);
          await refresh();
          goTo('/nodes');
        }}
      />
    </>
  );
}

function DrainQuestion({ node }: { readonly node: NodeView }) {
  const say = useTexts(nodeTexts);
  const preview = useQuery({
    queryKey: ['node', node.id, 'drain-preview'],
    queryFn: ({ signal }) => api().nodes.drainPreview(node.id, signal),
    staleTime: 0,
  });
  return (
    <>
      <p>{say('drain.question', { name: node.name })}</p>
      <QueryView query={preview} rows={2}>
        {({ moves, waits }) => (
          <>
            {moves.length + waits.length === 0 && <p className="dim">{say('drain.empty')}</p>}
            {moves.length > 0 && (
              <Affected title={say('drain.moves', { count: moves.length })} entries={moves} />
            )}
            {waits.length > 0 && (
              <Affected title={say('drain.waits', { count: waits.length })} entries={waits} />
            )}
          </>
        )}
      </QueryView>
    </>
  );
}

function Affected({
  title,
  entries,
}: {
  readonly title: string;
  readonly entries: readonly NodeAllocation[];
}) {
  return (
    <>
      <p>{title}</p>
      <ul className={classes.moves}>
        {entries.map((entry) => (
          <li key={entry.id}>
            {entry.jobName ?? entry.taskId} <span className="dim">{entry.kind}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
