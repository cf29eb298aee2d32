import { LinkState, Me, PasswordSet, SetupBody } from '@backlot/contract/api/access';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { transport } from '../api/transport.ts';
import { useTexts } from '../i18n/texts.ts';
import { useLanguage } from '../i18n/use-language.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { Placeholder } from '../parts/query-view.tsx';
import classes from './gate.module.css';
import { GateFrame } from './gate-frame.tsx';
import { sessionTexts } from './texts.ts';

/**
 * The one-time link `/setup#token=…`: the first set-up, or somebody's choice of a password. The code stays behind
 * the #, so that it reaches no log on the way.
 */
export function SetUp() {
  const say = useTexts(sessionTexts);
  const [token] = useState(() => readToken(location.hash));
  const link = useQuery({
    queryKey: ['link', token],
    queryFn: ({ signal }) =>
      transport().call('POST', '/api/v1/setup/check', LinkState, { json: { token }, signal }),
    enabled: token !== '',
    refetchInterval: false,
    refetchOnWindowFocus: false,
    retry: false,
  });
  if (token === '') {
    return (
      <GateFrame title={say('setup.title')}>
        <p className={classes.hint}>{say('setup.noToken')}</p>
      </GateFrame>
    );
  }
  if (!link.data) {
    return (
      <GateFrame title={say('setup.title')}>
        {link.error ? (
          <>
            <ProblemNotice error={link.error} onRetry={() => void link.refetch()} />
            <a href="/">{say('setup.signIn')}</a>
          </>
        ) : (
          <Placeholder rows={3} />
        )}
      </GateFrame>
    );
  }
  return link.data.purpose === 'setup' ? (
    <FirstAccount token={token} />
  ) : (
    <ChoosePassword token={token} email={link.data.email ?? ''} name={link.data.name ?? ''} />
  );
}

/** The link has done its work: its code must not stay in the address bar, and everything is read anew. */
const enter = () => location.replace('/');

function FirstAccount({ token }: { readonly token: string }) {
  const say = useTexts(sessionTexts);
  const { language } = useLanguage();
  const [form, setForm] = useState({ name: '', email: '', password: '' });
  const setup = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/setup', Me, { json: SetupBody.parse({ ...form, token, language }) }),
    onSuccess: enter,
  });
  const change = (key: keyof typeof form) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [key]: value }));
  };
  return (
    <GateFrame title={say('setup.title')}>
      <p className={classes.hint}>{say('setup.intro')}</p>
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
        <NewPassword value={form.password} onChange={change('password')} />
        {setup.error && <ProblemNotice error={setup.error} />}
        <Button type="submit" size="sm" loading={setup.isPending}>
          {say('setup.submit')}
        </Button>
      </form>
    </GateFrame>
  );
}

interface ChoosePasswordProps {
  readonly token: string;
  readonly email: string;
  readonly name: string;
}

function ChoosePassword({ token, email, name }: ChoosePasswordProps) {
  const say = useTexts(sessionTexts);
  const [password, setPassword] = useState('');
  const choose = useMutation({
    mutationFn: () =>
      transport().call('POST', '/api/v1/password', Me, { json: PasswordSet.parse({ token, password }) }),
    onSuccess: enter,
  });
  return (
    <GateFrame title={say('password.title', { name })}>
      <p className={classes.hint}>{say('setup.invited')}</p>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          choose.mutate();
        }}
      >
        {/* Password managers file a password under the name that stands beside it. */}
        <TextInput
          size="sm"
          type="email"
          name="email"
          autoComplete="username"
          label={say('login.email')}
          value={email}
          readOnly
        />
        <NewPassword value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {choose.error && <ProblemNotice error={choose.error} />}
        <Button type="submit" size="sm" loading={choose.isPending}>
          {say('password.submit')}
        </Button>
      </form>
    </GateFrame>
  );
}

interface NewPasswordProps {
  readonly value: string;
  readonly onChange: (event: { currentTarget: { value: string } }) => void;
}

function NewPassword({ value, onChange }: NewPasswordProps) {
  const say = useTexts(sessionTexts);
  return (
    <PasswordInput
      name="password"
      autoComplete="new-password"
      label={say('login.password')}
      description={say('setup.passwordHint')}
      minLength={10}
      value={value}
      onChange={onChange}
      required
      withAsterisk={false}
    />
  );
}

/** `/setup#token=<code>` is what is printed; a bare `/setup#<code>` is understood as well. */
function readToken(hash: string): string {
  const text = hash.replace(/^#/, '');
  return new URLSearchParams(text).get('token') ?? text;
}
