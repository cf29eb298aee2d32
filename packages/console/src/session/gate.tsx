import { LoginBody, Me, SetupState } from '@backlot/contract/api/access';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { queryOptions, useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { z } from 'zod';
import { isUnauthenticated } from '../api/problem.ts';
import { transport } from '../api/transport.ts';
import { useTexts } from '../i18n/texts.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Placeholder } from '../parts/query-view.tsx';
import classes from './gate.module.css';
import { GateFrame } from './gate-frame.tsx';
import { meQuery, SessionProvider } from './session.tsx';
import { sessionTexts } from './texts.ts';
import { useSignIn } from './use-sign-in.ts';

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
