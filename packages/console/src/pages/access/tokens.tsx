import { type ApiToken, ApiTokenCreate, ApiTokenCreated } from '@backlot/contract/api/access';
import { kernelPermissions } from '@backlot/contract/roles';
import { Button, MultiSelect, Select, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useList } from '../../api/use-list.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Collection } from '../../parts/collection.tsx';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { CopyLine } from '../../parts/copy-line.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Facts } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago, Until } from '../../parts/time.tsx';
import { useNow } from '../../parts/use-now.ts';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { tokensQuery } from './queries.ts';
import { accessTexts } from './texts.ts';

/** Tokens of programs: what they may do, until when, and whether anything still uses them. */
export function Tokens() {
  const say = useTexts(accessTexts);
  const list = useList(tokensQuery());
  const columns = useTokenColumns();
  return (
    <Collection
      label={say('tokens')}
      list={list}
      columns={columns}
      add={{ label: say('token.add'), panel: (close) => <NewToken onClose={close} /> }}
      none={{ icon: IconKey, title: say('token.none'), text: say('token.none.text') }}
      panelOf={(token, close) => <TokenPanel token={token} onClose={close} />}
    />
  );
}

function tokenState(token: ApiToken, now: number): string {
  if (token.revokedAt !== null) return 'revoked';
  return token.expiresAt !== null && Date.parse(token.expiresAt) <= now ? 'expired' : 'active';
}

function TokenState({ token }: { readonly token: ApiToken }) {
  const now = useNow();
  return <StateBadge state={tokenState(token, now)} />;
}

function useTokenColumns(): readonly Column<ApiToken>[] {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'name',
        header: say('token.name'),
        width: 'minmax(140px, 1fr)',
        cell: (token) => token.name,
        phone: 'title',
      },
      {
        key: 'scopes',
        header: say('token.scopes'),
        width: 'minmax(160px, 2fr)',
        cell: (token) => token.scopes.join(', '),
        phone: 'meta',
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '110px',
        cell: (token) => <TokenState token={token} />,
        phone: 'end',
      },
      {
        key: 'used',
        header: say('token.used'),
        width: '120px',
        cell: (token) =>
          token.lastUsedAt === null ? (
            <span className="dim">{say('token.neverUsed')}</span>
          ) : (
            <Ago at={token.lastUsedAt} />
          ),
        align: 'end',
      },
      {
        key: 'expires',
        header: say('token.expires'),
        width: '120px',
        cell: (token) => (token.expiresAt === null ? say('token.never') : <Until at={token.expiresAt} />),
        align: 'end',
      },
    ],
    [say, word],
  );
}

function NewToken({ onClose }: { readonly onClose: () => void }) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const { me, projects } = useSession();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['*']);
  const [projectId, setProjectId] = useState<string | null>(null);
  const [days, setDays] = useState<string>('90');
  const create = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/tokens', ApiTokenCreated, {
        json: ApiTokenCreate.parse({
          name,
          scopes,
          projectId,
          expiresInDays: days === '' ? null : Number(days),
        }),
      }),
    onSuccess: () => invalidateSubjects(client, new Set(['token'])),
  });
  // A token never may more than who made it: only what one holds is offered.
  const held = [...new Set([...Object.values(me.permissions).flat(), ...(me.permissions['*'] ?? [])])];
  const known = held.length > 0 ? held : Object.keys(kernelPermissions);
  return (
    <SidePanel title={say('token.add')} onClose={onClose}>
      {create.data ? (
        <>
          <p>{say('token.once')}</p>
          <CopyLine label={say('tokens')} value={create.data.secret} />
          <Button variant="default" onClick={onClose}>
            {word('do.close')}
          </Button>
        </>
      ) : (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            create.mutate();
          }}
        >
          <TextInput
            label={say('token.name')}
            description={say('token.name.hint')}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            required
          />
          <MultiSelect
            label={say('token.scopes')}
            data={[
              { value: '*', label: say('token.scopes.all') },
              ...known.sort().map((value) => ({ value, label: value })),
            ]}
            value={scopes}
            onChange={(next) => {
              // "Everything" and single scopes exclude each other; the last choice wins.
              const all = next.includes('*') && !scopes.includes('*');
              setScopes(all ? ['*'] : next.filter((scope) => scope !== '*' || next.length === 1));
            }}
            searchable
            required
          />
          <Select
            label={say('project')}
            data={[
              { value: '', label: say('everywhere') },
              ...projects.map((project) => ({ value: project.id, label: project.name })),
            ]}
            value={projectId ?? ''}
            onChange={(value) => setProjectId(value || null)}
            allowDeselect={false}
          />
          <Select
            label={say('token.expires')}
            data={[
              ...['7', '30', '90', '365'].map((value) => ({
                value,
                label: say('token.days', { count: Number(value) }),
              })),
              { value: '', label: say('token.never') },
            ]}
            value={days}
            onChange={(value) => setDays(value ?? '90')}
            allowDeselect={false}
          />
          {create.error && <ProblemNotice error={create.error} />}
          <Button type="submit" loading={create.isPending} disabled={scopes.length === 0}>
            {say('token.make')}
          </Button>
        </form>
      )}
    </SidePanel>
  );
}

function TokenPanel({ token, onClose }: { readonly token: ApiToken; readonly onClose: () => void }) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const { projects } = useSession();
  const project = projects.find((one) => one.id === token.projectId);
  return (
    <SidePanel title={token.name} onClose={onClose}>
      <Facts
        items={[
          [word('word.state'), <TokenState key="state" token={token} />],
          [say('project'), project?.name ?? say('everywhere')],
          [
            say('token.used'),
            token.lastUsedAt === null ? say('token.neverUsed') : <Ago key="used" at={token.lastUsedAt} />,
          ],
          [
            say('token.expires'),
            token.expiresAt === null ? say('token.never') : <Until key="expires" at={token.expiresAt} />,
          ],
          [word('word.created'), <Ago key="created" at={token.createdAt} />],
        ]}
      />
      <div>
        <h3>{say('token.scopes')}</h3>
        <code>{token.scopes.join(' ')}</code>
      </div>
      {token.revokedAt === null && (
        <ConfirmInline
          danger
          label={say('token.revoke')}
          question={say('token.revoke.question', { name: token.name })}
          confirm={say('token.revoke')}
          onConfirm={async () => {
            await transport().run('DELETE', `/api/v1/tokens/${encodeURIComponent(token.id)}`);
            await invalidateSubjects(client, new Set(['token']));
          }}
        />
      )}
    </SidePanel>
  );
}
