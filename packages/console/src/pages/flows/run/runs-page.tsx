import { flowRunStates } from '@backlot/contract/flow/api';
import { useList } from '../../../api/use-list.ts';
import { useGlossary } from '../../../i18n/glossary.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { AsMenu } from '../../../parts/as-menu.tsx';
import { ChoiceFilter } from '../../../parts/filters.tsx';
import { Page } from '../../../parts/page.tsx';
import { useSearch } from '../../../parts/use-search.ts';
import { useSession } from '../../../session/session.tsx';
import { flowsQuery } from '../flow-api.ts';
import { FlowTabs } from '../flow-tabs.tsx';
import { RunsTable } from './runs-table.tsx';
import { runTexts } from './texts.ts';

/** What flows have done, and are doing. */
export default function RunsPage() {
  const say = useTexts(runTexts);
  const word = useGlossary();
  const { project } = useSession();
  const [state, setState] = useSearch('state');
  const [flowId, setFlowId] = useSearch('flow');
  const [subject] = useSearch('subject');
  const flows = useList(flowsQuery({ projectId: project?.id }));
  return (
    <Page
      title={say('title')}
      fill
      aside={<FlowTabs active="runs" />}
      actions={<AsMenu apiPath="/api/v1/flow-runs" />}
      toolbar={
        <>
          <ChoiceFilter
            label={say('col.flow')}
            placeholder={say('filter.flow')}
            choices={(flows.items ?? []).map(({ id }) => id)}
            nameOf={(id) => flows.items?.find((flow) => flow.id === id)?.name ?? id}
            value={flowId}
            onChange={setFlowId}
            searchable
            width={220}
          />
          <ChoiceFilter
            label={word('word.state')}
            placeholder={say('filter.state')}
            choices={flowRunStates}
            nameOf={(one) => word(`state.${one}`)}
            value={state}
            onChange={setState}
          />
        </>
      }
    >
      <RunsTable query={{ projectId: project?.id, flowId, state, subject }} withName />
    </Page>
  );
}
