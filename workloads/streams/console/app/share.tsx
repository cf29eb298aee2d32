import {
  CopyLine,
  ProblemNotice,
  Section,
  transport,
  useFormat,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, NumberInput, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { App } from '../../contract/api.ts';
import { TicketAnswer } from '../../contract/tickets.ts';
import { paths } from '../queries.ts';
import { frameSnippet, playerAddress, sdkSnippet } from '../shared/player-address.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';

/** How others open the app: a link, a ticket for one person, a frame, the SDK, Epic's own page. */
export function Share({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const { can } = useSession();
  const address = playerAddress(app.slug);
  const socket = address.replace(/^http/, 'ws').replace(`/s/${app.slug}`, `/signal/player/${app.slug}`);
  return (
    <>
      <Section title={say('share.link')}>
        {app.access === 'anyone' ? (
          <CopyLine value={address} label={say('share.link')} />
        ) : (
          <p className="dim">{say('share.link.ticket')}</p>
        )}
        {can('streams.open', app.projectId) && <Ticket app={app} />}
      </Section>
      <Section title={say('share.frame')}>
        <CopyLine value={frameSnippet(app)} label={say('share.frame')} />
      </Section>
      <Section title={say('share.sdk')}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1) */}
        <pre className={classes.snippet} tabIndex={0}>
          {sdkSnippet(app)}
        </pre>
      </Section>
      <Section title={say('share.stock')}>
        <CopyLine value={socket} label={say('share.stock')} />
      </Section>
    </>
  );
}

function Ticket({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const format = useFormat();
  const [subject, setSubject] = useState('');
  const [minutes, setMinutes] = useState(60);
  const make = useMutation({
    mutationFn: () =>
      transport().call('POST', paths.tickets, TicketAnswer, {
        json: { app: app.slug, subject, ttlSeconds: Math.round(minutes * 60) },
      }),
  });
  return (
    <>
      <div className={classes.inline}>
        <TextInput
          label={say('share.ticket.for')}
          value={subject}
          onChange={(event) => setSubject(event.currentTarget.value)}
        />
        <NumberInput
          label={say('share.ticket.minutes')}
          min={1}
          max={1440}
          w={130}
          value={minutes}
          onChange={(value) => typeof value === 'number' && setMinutes(value)}
        />
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>
          {say('share.ticket')}
        </Button>
      </div>
      {make.error && <ProblemNotice error={make.error} />}
      {make.data && (
        <div role="status">
          <CopyLine value={make.data.url} label={say('share.ticket')} />
          <p className="dim">{say('share.ticket.ready', { time: format.moment(make.data.expiresAt) })}</p>
        </div>
      )}
    </>
  );
}
