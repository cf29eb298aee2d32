import { LoginBody, Me, SetupBody, SetupState } from '@backlot/contract/api/access';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { isUnauthenticated } from '../api/problem.ts';
import { setCsrfToken, transport } from '../api/transport.ts';
import { useTexts } from '../i18n/texts.ts';
import { useLanguage } from '../i18n/use-language.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Placeholder } from '../parts/query-view.tsx';
import { LanguageMenu } from '../shell/language-menu.tsx';
import { Logo } from '../shell/logo.tsx';
import { SchemeMenu } from '../shell/scheme-menu.tsx';
import classes from './gate.module.css';
import { meQuery, SessionProvider } from './session.tsx';
import { sessionTexts } from './texts.ts';

const setupQuery = () =>
  queryOptions({
    queryKey: ['setup'],
    queryFn: ({ signal }) => transport().call('GET', '/api/v1/setup', SetupState, { signal }),
    refetchInterval: false,
  });

/**
 * Lets nobody further who is not signed in. The log-in form stands in place of the page, at the page's own
 * address: after signing in, the page that was asked for is simply there.
 */
export function Gate({ children }: { readonly children: ReactNode }) {
  const me = useQuery(meQuery());
  if (me.data) return <SessionProvider me={me.data}>{children}</SessionProvider>;
  if (me.isPending) {
    return (
      <GateFrame>
        <Placeholder rows={3} />
      </GateFrame>
    );
  }
  if (isUnauthenticated(me.error)) return <LogIn />;
  return (
    <GateFrame>
      <ProblemNotice error={me.error} onRetry={() => void me.refetch()} />
    </GateFrame>
  );
}

function LogIn() {
  const say = useTexts(sessionTexts);
  const signIn = useSignIn();
  const setup = useQuery(setupQuery());
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: (body: z.input<typeof LoginBody>) =>
      transport().call('POST', '/api/v1/login', Me, { json: LoginBody.parse(body) }),
    onSuccess: signIn,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    login.mutate({ email, password });
  };
  return (
    <GateFrame title={say('login.title')}>
      {setup.data?.needed && <p className={classes.hint}>{say('login.setupNeeded')}</p>}
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          size="sm"
          type="email"
          name="email"
          autoComplete="username"
          label={say('login.email')}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
          required
          withAsterisk={false}
          autoFocus
        />
        <PasswordInput
          name="password"
          autoComplete="current-password"
          label={say('login.password')}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
          withAsterisk={false}
        />
        {login.error && <ProblemNotice error={login.error} />}
        <Button type="submit" size="sm" loading={login.isPending}>
          {say('login.submit')}
        </Button>
      </form>
    </GateFrame>
  );
}

/** The one-time link `/setup#token`: the code stays behind the #, so that it reaches no log on the way. */
export function SetUp() {
  const say = useTexts(sessionTexts);
  const { language } = useLanguage();
  const signIn = useSignIn();
  const [token] = useState(() => readToken(location.hash));
  const [form, setForm] = useState({ name: '', email: '', password: '' });
  const setup = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/setup', Me, { json: SetupBody.parse({ ...form, token, language }) }),
    onSuccess: (me) => {
      signIn(me);
      location.replace('/');
    },
  });
  const change = (key: keyof typeof form) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [key]: value }));
  };
  return (
    <GateFrame title={say('setup.title')}>
      <p className={classes.hint}>{say(token === '' ? 'setup.noToken' : 'setup.intro')}</p>
      {token !== '' && (
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            setup.mutate();
          }}
        >
          <TextInput
            size="sm"
            name="name"
            autoComplete="name"
            label={say('setup.name')}
            value={form.name}
            onChange={change('name')}
            required
            withAsterisk={false}
            autoFocus
          />
          <TextInput
            size="sm"
            type="email"
            name="email"
            autoComplete="username"
            label={say('login.email')}
            value={form.email}
            onChange={change('email')}
            required
            withAsterisk={false}
          />
          <PasswordInput
            name="password"
            autoComplete="new-password"
            label={say('login.password')}
            description={say('setup.passwordHint')}
            minLength={10}
            value={form.password}
            onChange={change('password')}
            required
            withAsterisk={false}
          />
          {setup.error && <ProblemNotice error={setup.error} />}
          <Button type="submit" size="sm" loading={setup.isPending}>
            {say('setup.submit')}
          </Button>
        </form>
      )}
    </GateFrame>
  );
}

/** Both `/setup#<code>` and `/setup#token=<code>` are understood. */
function readToken(hash: string): string {
  const text = hash.replace(/^#/, '');
  return new URLSearchParams(text).get('token') ?? text;
}

/** What follows on a sign-in: the new session's proof is kept, and everything is read with its rights. */
function useSignIn(): (me: Me) => void {
  const client = useQueryClient();
  return (me) => {
    setCsrfToken(me.csrfToken);
    client.setQueryData(meQuery().queryKey, me);
    void client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'me' });
  };
}

function GateFrame({ title, children }: { readonly title?: string; readonly children: ReactNode }) {
  const say = useTexts(sessionTexts);
  return (
    <main className={classes.gate}>
      <div className={classes.tools}>
        <LanguageMenu />
        <SchemeMenu />
      </div>
      <div className={classes.box}>
        <div className={classes.brand}>
          <Logo size={28} />
          <span>
            <strong>Backlot</strong>
            <span className="dim">{say('tagline')}</span>
          </span>
        </div>
        {title && <h1 className={classes.title}>{title}</h1>}
        {children}
      </div>
    </main>
  );
}
