import { Me, MePatch, PasswordChange } from '@backlot/contract/api/access';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { transport } from '../../api/transport.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { useLanguage } from '../../i18n/use-language.ts';
import { Page, Section } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { meQuery, useSession } from '../../session/session.tsx';
import { LoginSessions } from './login-sessions.tsx';
import classes from './settings.module.css';
import { neededFor, SettingsTabs, settingsParts } from './settings-tabs.tsx';
import { settingsTexts } from './texts.ts';

/** What a person may change about themselves. */
export default function AccountPage() {
  const say = useTexts(settingsTexts);
  const word = useGlossary();
  const { me, can } = useSession();
  return (
    <Page
      title={say('account')}
      aside={<SettingsTabs parts={settingsParts.filter((part) => can(neededFor[part]))} active="account" />}
    >
      {me.kind === 'token' ? (
        <p className="dim">{say('me.token')}</p>
      ) : (
        <>
          <NameForm />
          <Section title={say('me.password')}>
            <PasswordForm />
          </Section>
          <Section title={say('me.sessions')}>
            <LoginSessions />
          </Section>
        </>
      )}
      <Section title={say('me.roles')}>
        <ul className={classes.roles}>
          {me.grants.map((grant) => (
            <li key={`${grant.projectId} ${grant.role}`}>
              {word(`role.${grant.role}`)} · {grant.projectName ?? say('me.everywhere')}
            </li>
          ))}
        </ul>
      </Section>
    </Page>
  );
}

function NameForm() {
  const say = useTexts(settingsTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const { language } = useLanguage();
  const { me } = useSession();
  const [name, setName] = useState(me.name);
  const save = useMutation({
    mutationFn: () =>
      transport().call('PATCH', '/api/v1/me', Me, { json: MePatch.parse({ name, language }) }),
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery().queryKey }),
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <TextInput
        label={say('me.name')}
        value={name}
        autoComplete="name"
        onChange={(event) => setName(event.currentTarget.value)}
        required
      />
      {save.error && <ProblemNotice error={save.error} />}
      <Button type="submit" loading={save.isPending} disabled={name === me.name}>
        {save.isSuccess && name === me.name ? say('save.done') : word('do.save')}
      </Button>
    </form>
  );
}

function PasswordForm() {
  const say = useTexts(settingsTexts);
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useMutation({
    mutationFn: () =>
      transport().run('POST', '/api/v1/me/password', { json: PasswordChange.parse({ current, next }) }),
    onSuccess: () => {
      setCurrent('');
      setNext('');
    },
  });
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate();
      }}
    >
      <PasswordInput
        size="xs"
        label={say('me.current')}
        autoComplete="current-password"
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
        required
      />
      <PasswordInput
        size="xs"
        label={say('me.next')}
        description={say('me.next.hint')}
        autoComplete="new-password"
        minLength={10}
        value={next}
        onChange={(event) => setNext(event.currentTarget.value)}
        required
      />
      {change.error && <ProblemNotice error={change.error} />}
      {change.isSuccess && (
        <p className="dim" role="status">
          {say('me.changed')}
        </p>
      )}
      <Button type="submit" variant="default" loading={change.isPending}>
        {say('me.password')}
      </Button>
    </form>
  );
}
