import { Page } from '@backlot/contract/api/common';
import { JoinTokenCreate, type JoinTokenCreated, Pool } from '@backlot/contract/api/nodes';
import { Button, NumberInput, Select, Tabs } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import { useEvents } from '../../api/live.tsx';
import { api, transport } from '../../api/transport.ts';
import { useTexts } from '../../i18n/texts.ts';
import { CopyLine } from '../../parts/copy-line.tsx';
import { Link } from '../../parts/link.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Until } from '../../parts/time.tsx';
import classes from './join-panel.module.css';
import { nodeTexts } from './texts.ts';

const expiries = { hour: 60, day: 60 * 24, week: 60 * 24 * 7 } as const;
type Expiry = keyof typeof expiries;

/** Makes a join token and shows the commands; says when the machine has arrived. */
export function JoinPanel({ onClose }: { readonly onClose: () => void }) {
  const say = useTexts(nodeTexts);
  const [pool, setPool] = useState('default');
  const [uses, setUses] = useState(1);
  const [expiry, setExpiry] = useState<Expiry>('hour');
  const pools = useQuery({
    queryKey: ['pools'],
    queryFn: ({ signal }) => transport().call('GET', '/api/v1/pools', Page(Pool), { signal }),
  });
  const create = useMutation({
    mutationFn: () =>
      api().nodes.createJoinToken(JoinTokenCreate.parse({ pool, uses, expiresInMinutes: expiries[expiry] })),
  });
  const names = [...new Set(['default', ...(pools.data?.items.map((one) => one.name) ?? [])])];

  return (
    <SidePanel title={say('join.title')} onClose={onClose}>
      <p className="dim">{say('join.text')}</p>
      {create.data ? (
        <Commands created={create.data} onAgain={() => create.reset()} />
      ) : (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <Select
            label={say('join.pool')}
            data={names}
            value={pool}
            onChange={(value) => setPool(value ?? 'default')}
          />
          <NumberInput
            label={say('join.uses')}
            min={1}
            max={1000}
            value={uses}
            onChange={(value) => setUses(Math.max(1, Number(value) || 1))}
          />
          <Select
            label={say('join.expires')}
            data={(['hour', 'day', 'week'] as const).map((value) => ({ value, label: say(`join.${value}`) }))}
            value={expiry}
            onChange={(value) => setExpiry((value ?? 'hour') as Expiry)}
          />
          {create.error && <ProblemNotice error={create.error} />}
          <Button type="submit" loading={create.isPending}>
            {say('join.make')}
          </Button>
        </form>
      )}
    </SidePanel>
  );
}

function Commands({ created, onAgain }: { readonly created: Created; readonly onAgain: () => void }) {
  const say = useTexts(nodeTexts);
  const [arrived, setArrived] = useState<{ id: string; name: string }[]>([]);
  useEvents(
    useCallback((event) => {
      if (event.kind !== 'node.joined') return;
      const { name } = event.body;
      const node = { id: event.subject.id, name: typeof name === 'string' ? name : event.subject.id };
      setArrived((before) => (before.some((one) => one.id === node.id) ? before : [...before, node]));
    }, []),
  );
  return (
    <div className={classes.form}>
      <Tabs defaultValue="linux">
        <Tabs.List>
          <Tabs.Tab value="linux">{say('join.linux')}</Tabs.Tab>
          <Tabs.Tab value="windows">{say('join.windows')}</Tabs.Tab>
          <Tabs.Tab value="docker">{say('join.docker')}</Tabs.Tab>
        </Tabs.List>
        {(['linux', 'windows', 'docker'] as const).map((system) => (
          <Tabs.Panel key={system} value={system} pt="sm">
            <CopyLine value={created.commands[system]} label={say(`join.${system}`)} />
          </Tabs.Panel>
        ))}
      </Tabs>
      <p className="dim">
        {say('join.once')} <Until at={created.token.expiresAt} />
      </p>
      <div aria-live="polite">
        {arrived.length === 0 ? (
          <StateBadge state="waiting" label={say('join.waiting')} />
        ) : (
          arrived.map((node) => (
            <p key={node.id}>
              <Link to={`/nodes/${node.id}`}>
                <StateBadge state="ready" label={say('join.arrived', { name: node.name })} />
              </Link>
            </p>
          ))
        )}
      </div>
      <Button variant="default" onClick={onAgain}>
        {say('join.again')}
      </Button>
    </div>
  );
}

type Created = ReturnType<typeof JoinTokenCreated.parse>;
