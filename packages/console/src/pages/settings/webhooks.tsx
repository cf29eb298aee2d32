import {
  kernelEventKinds,
  Webhook,
  WebhookCreate,
  WebhookCreated,
  WebhookDelivery,
} from '@backlot/contract/api/events';
import { Button, Switch, TagsInput, TextInput } from '@mantine/core';
import { IconWebhook } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import type { z } from 'zod';
import { listQuery } from '../../api/queries.ts';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useList } from '../../api/use-list.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { Collection } from '../../parts/collection.tsx';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { CopyLine } from '../../parts/copy-line.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago, Until } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import classes from './settings.module.css';
import { settingsTexts } from './texts.ts';

type Delivery = z.output<typeof WebhookDelivery>;
const hookPath = (id: string) => `/api/v1/webhooks/${encodeURIComponent(id)}`;

/** Who is told what happens here, and whether it reached them. */
export function Webhooks() {
  const say = useTexts(settingsTexts);
  const { project } = useSession();
  const list = useList(listQuery('/api/v1/webhooks', Webhook, { projectId: project?.id }, ['webhook']));
  const columns = useHookColumns();
  return (
    <Collection
      label={say('webhooks')}
      list={list}
      columns={columns}
      add={{ label: say('hook.add'), panel: (close) => <NewWebhook onClose={close} /> }}
      none={{ icon: IconWebhook, title: say('hook.none'), text: say('hook.none.text') }}
      panelOf={(hook, close) => <WebhookPanel hook={hook} onClose={close} />}
    />
  );
}

function useHookColumns(): readonly Column<Webhook>[] {
  const say = useTexts(settingsTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'url',
        header: say('hook.url'),
        width: 'minmax(200px, 2fr)',
        cell: (hook) => hook.url,
        phone: 'title',
      },
      {
        key: 'kinds',
        header: say('hook.kinds'),
        width: 'minmax(120px, 1fr)',
        cell: (hook) => hook.kinds.join(', '),
        phone: 'meta',
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '110px',
        cell: (hook) => <StateBadge state={hook.enabled ? 'active' : 'disabled'} />,
        phone: 'end',
      },
      {
        key: 'last',
        header: say('hook.last'),
        width: '190px',
        cell: (hook) =>
          hook.lastDelivery ? (
            <>
              <StateBadge state={hook.lastDelivery.ok ? 'delivered' : 'failed'} />{' '}
              <Ago at={hook.lastDelivery.at} />
            </>
          ) : (
            '–'
          ),
      },
    ],
    [say, word],
  );
}

function NewWebhook({ onClose }: { readonly onClose: () => void }) {
  const say = useTexts(settingsTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const { project, projects } = useSession();
  const target = project ?? (projects.length === 1 ? projects[0] : undefined);
  const [url, setUrl] = useState('https://');
  const [kinds, setKinds] = useState<string[]>(['job.*']);
  const create = useMutation({
    mutationFn: (projectId: string) =>
      transport().call('POST', '/api/v1/webhooks', WebhookCreated, {
        json: WebhookCreate.parse({ projectId, url, kinds }),
      }),
    onSuccess: () => invalidateSubjects(client, new Set(['webhook'])),
  });
  return (
    <SidePanel title={say('hook.add')} onClose={onClose}>
      {create.data ? (
        <>
          <p>{say('hook.once')}</p>
          <CopyLine label={say('hook.secret')} value={create.data.secret} />
          <Button variant="default" onClick={onClose}>
            {word('do.close')}
          </Button>
        </>
      ) : (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (target) create.mutate(target.id);
          }}
        >
          {!target && <p className="dim">{say('hook.needsProject')}</p>}
          <TextInput
            type="url"
            label={say('hook.url')}
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
            required
          />
          <TagsInput
            size="xs"
            label={say('hook.kinds')}
            description={say('hook.kinds.hint')}
            data={['*', 'job.*', 'node.*', ...kernelEventKinds]}
            value={kinds}
            onChange={setKinds}
          />
          {create.error && <ProblemNotice error={create.error} />}
          <Button type="submit" loading={create.isPending} disabled={!target || kinds.length === 0}>
            {say('hook.make')}
          </Button>
        </form>
      )}
    </SidePanel>
  );
}

function WebhookPanel({ hook, onClose }: { readonly hook: Webhook; readonly onClose: () => void }) {
  const say = useTexts(settingsTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const refresh = () => invalidateSubjects(client, new Set(['webhook']));
  const toggle = useMutation({
    mutationFn: (enabled: boolean) =>
      transport().call('PATCH', hookPath(hook.id), Webhook, { json: { enabled } }),
    onSuccess: refresh,
  });
  const list = useList(
    listQuery(`${hookPath(hook.id)}/deliveries`, WebhookDelivery, {}, ['webhook', 'event']),
  );
  return (
    <SidePanel title={hook.url} onClose={onClose} actions={<AsMenu apiPath={hookPath(hook.id)} />}>
      <p>
        <code>{hook.kinds.join(' ')}</code>
      </p>
      <Switch
        label={say('hook.enabled')}
        checked={hook.enabled}
        disabled={toggle.isPending}
        onChange={(event) => toggle.mutate(event.currentTarget.checked)}
      />
      {toggle.error && <ProblemNotice error={toggle.error} />}
      <ConfirmInline
        danger
        label={word('do.delete')}
        question={say('hook.delete.question')}
        confirm={word('do.delete')}
        onConfirm={async () => {
          await transport().run('DELETE', hookPath(hook.id));
          await refresh();
          onClose();
        }}
      />
      <section>
        <h3>{say('deliveries')}</h3>
        <ListView list={list} rows={3}>
          {(deliveries) =>
            deliveries.length === 0 ? (
              <p className="dim">{say('deliveries.none')}</p>
            ) : (
              <ol className={classes.deliveries}>
                {deliveries.map((delivery) => (
                  <DeliveryRow key={delivery.id} delivery={delivery} onReplayed={refresh} />
                ))}
              </ol>
            )
          }
        </ListView>
      </section>
    </SidePanel>
  );
}

function DeliveryRow({
  delivery,
  onReplayed,
}: {
  readonly delivery: Delivery;
  readonly onReplayed: () => void;
}) {
  const say = useTexts(settingsTexts);
  const format = useFormat();
  const replay = useMutation({
    mutationFn: () =>
      transport().run(
        'POST',
        `${hookPath(delivery.webhookId)}/deliveries/${encodeURIComponent(delivery.id)}/replay`,
        {
          json: {},
        },
      ),
    onSuccess: onReplayed,
  });
  return (
    <li className={classes.delivery}>
      <div className={classes.deliveryHead}>
        <span>
          <StateBadge state={delivery.state} /> {delivery.eventKind}
        </span>
        <Ago at={delivery.at} />
      </div>
      <div className={classes.deliveryHead}>
        <span className="dim">
          {delivery.status !== null && `HTTP ${delivery.status} · `}
          {say('attempts', { count: delivery.attempts })}
          {delivery.durationMs !== null && ` · ${format.duration(delivery.durationMs)}`}
          {delivery.nextAt !== null && delivery.state === 'pending' && (
            <>
              {' · '}
              {say('next')} <Until at={delivery.nextAt} />
            </>
          )}
        </span>
        <Button variant="subtle" size="compact-xs" loading={replay.isPending} onClick={() => replay.mutate()}>
          {say('replay')}
        </Button>
      </div>
      {delivery.error && <p className="dim">{delivery.error}</p>}
      {replay.error && <ProblemNotice error={replay.error} inline />}
    </li>
  );
}
