import { Account, AccountCreate, AccountCreated, type AccountPatch } from '@backlot/contract/api/access';
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { z } from 'zod';
import { invalidateSubjects } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { useLanguage } from '../../i18n/use-language.ts';
import { ConfirmInline } from '../../parts/confirm-inline.tsx';
import { CopyLine } from '../../parts/copy-line.tsx';
import { Facts } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { Ago } from '../../parts/time.tsx';
import { useSession } from '../../session/session.tsx';
import classes from './access.module.css';
import { type GrantDraft, GrantEditor } from './grant-editor.tsx';
import { accessTexts } from './texts.ts';

/** Adds a person; they choose their own password by a one-time link. */
export function NewPerson({ onClose }: { readonly onClose: () => void }) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const { language } = useLanguage();
  const { project } = useSession();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [grants, setGrants] = useState<readonly GrantDraft[]>([
    { projectId: project?.id ?? null, role: 'submitter' },
  ]);
  const create = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/accounts', AccountCreated, {
        json: AccountCreate.parse({ name, email, language, grants: [...grants] }),
      }),
    onSuccess: () => invalidateSubjects(client, new Set(['account'])),
  });
  if (create.data) {
    return (
      <SidePanel title={create.data.account.name} onClose={onClose}>
        {create.data.setupLink && <LinkOnce name={create.data.account.name} link={create.data.setupLink} />}
        <Button variant="default" onClick={onClose}>
          {word('do.close')}
        </Button>
      </SidePanel>
    );
  }
  return (
    <SidePanel title={say('people.add')} onClose={onClose}>
      <p className="dim">{say('people.none.text')}</p>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <TextInput
          label={word('word.name')}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
        />
        <TextInput
          type="email"
          label={say('email')}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          required
        />
        <GrantEditor grants={grants} onChange={setGrants} />
        {create.error && <ProblemNotice error={create.error} />}
        <Button type="submit" loading={create.isPending}>
          {say('people.add')}
        </Button>
      </form>
    </SidePanel>
  );
}

function LinkOnce({ name, link }: { readonly name: string; readonly link: string }) {
  const say = useTexts(accessTexts);
  return (
    <div className={classes.form}>
      <p>{say('people.link.text')}</p>
      <CopyLine label={say('people.link', { name })} value={new URL(link, location.href).href} />
    </div>
  );
}

/** One person: their roles, a new link when the password is lost, and the switch that locks them out. */
export function PersonPanel({
  account,
  onClose,
}: {
  readonly account: Account;
  readonly onClose: () => void;
}) {
  const say = useTexts(accessTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const path = `/api/v1/accounts/${encodeURIComponent(account.id)}`;
  const [grants, setGrants] = useState<readonly GrantDraft[]>(account.grants);
  const save = useMutation({
    mutationFn: (patch: z.input<typeof AccountPatch>) =>
      transport().call('PATCH', path, Account, { json: patch }),
    onSuccess: () => invalidateSubjects(client, new Set(['account', 'project'])),
  });
  const renew = useMutation({
    mutationFn: () => transport().call('POST', `${path}/setup-link`, AccountCreated, { json: {} }),
  });
  const changed = JSON.stringify(grants.map(pick)) !== JSON.stringify(account.grants.map(pick));
  return (
    <SidePanel title={account.name} onClose={onClose}>
      <Facts
        items={[
          [say('email'), account.email],
          [say('seen'), <Ago key="seen" at={account.lastSeenAt} />],
          [word('word.created'), <Ago key="created" at={account.createdAt} />],
        ]}
      />
      <GrantEditor grants={grants} onChange={setGrants} />
      {save.error && <ProblemNotice error={save.error} />}
      <div className={classes.inline}>
        <Button
          disabled={!changed}
          loading={save.isPending}
          onClick={() => save.mutate({ grants: grants.map(pick) })}
        >
          {word('do.save')}
        </Button>
        <Button variant="default" loading={renew.isPending} onClick={() => renew.mutate()}>
          {say('people.newLink')}
        </Button>
        {account.disabled ? (
          <Button variant="default" onClick={() => save.mutate({ disabled: false })}>
            {say('people.enable')}
          </Button>
        ) : (
          <ConfirmInline
            danger
            label={say('people.disable')}
            question={say('people.disable.question', { name: account.name })}
            confirm={say('people.disable')}
            onConfirm={() => save.mutateAsync({ disabled: true })}
          />
        )}
      </div>
      {renew.error && <ProblemNotice error={renew.error} />}
      {renew.data?.setupLink && <LinkOnce name={account.name} link={renew.data.setupLink} />}
    </SidePanel>
  );
}

/** Only what the API takes; the project's name comes back from it. */
const pick = ({ projectId, role }: GrantDraft): GrantDraft => ({ projectId, role });
