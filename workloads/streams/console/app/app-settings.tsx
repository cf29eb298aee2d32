import {
  ConfirmInline,
  ProblemNotice,
  Section,
  transport,
  useGoTo,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, NumberInput, Select, Switch, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { App, type AppPatch } from '../../contract/api.ts';
import type { SessionLimits } from '../../contract/app.ts';
import { paths } from '../queries.ts';
import { useAct } from '../shared/use-act.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';
import { LookForm } from './look-form.tsx';
import { TurnTest } from './turn-test.tsx';

/** Only what was changed. */
type Changes = { readonly [Key in keyof AppPatch]?: Exclude<AppPatch[Key], undefined> };

/** What holds for the app whichever version runs. Nothing of it ends a session that is under way. */
export function AppSettingsForm({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const { can } = useSession();
  const [patch, setPatch] = useState<Changes>({});
  const act = useAct();
  const now: App = { ...app, ...patch };
  const change = (more: Changes) => setPatch((before) => ({ ...before, ...more }));
  const limit = (more: Partial<SessionLimits>) => change({ limits: { ...now.limits, ...more } });
  const mayWrite = can('streams.apps.write', app.projectId);
  const save = () => act.mutate(() => transport().run('PATCH', paths.app(app.id), { json: patch }));
  return (
    <fieldset disabled={!mayWrite} className={classes.settings}>
      <Section title={say('set.general')}>
        <div className={classes.fields}>
          <TextInput
            label={say('name')}
            value={now.name}
            onChange={(event) => change({ name: event.currentTarget.value })}
          />
          <Select
            label={say('access')}
            allowDeselect={false}
            value={now.access}
            data={[
              { value: 'ticket', label: say('access.ticket') },
              { value: 'anyone', label: say('access.anyone') },
            ]}
            onChange={(value) => change({ access: value === 'anyone' ? 'anyone' : 'ticket' })}
          />
        </div>
        <Textarea
          label={say('description')}
          autosize
          minRows={1}
          maxRows={6}
          maw={900}
          value={now.description}
          onChange={(event) => change({ description: event.currentTarget.value })}
        />
        <Switch
          label={say('enabled')}
          checked={now.enabled}
          onChange={(event) => change({ enabled: event.currentTarget.checked })}
        />
      </Section>
      <Section title={say('set.capacity')}>
        <div className={classes.fields}>
          <NumberInput
            label={say('set.warm')}
            min={0}
            max={1000}
            value={now.warm}
            onChange={(value) => typeof value === 'number' && change({ warm: value })}
          />
          <NumberInput
            label={say('set.most')}
            min={1}
            max={10_000}
            value={now.maxInstances}
            onChange={(value) => typeof value === 'number' && change({ maxInstances: value })}
          />
        </div>
      </Section>
      <Section title={say('set.limits')}>
        <div className={classes.fields}>
          <NumberInput
            label={say('limit.idle')}
            placeholder={say('never')}
            min={5}
            value={now.limits.idleSeconds ?? ''}
            onChange={(value) => limit({ idleSeconds: typeof value === 'number' ? value : null })}
          />
          <NumberInput
            label={say('limit.maximum')}
            placeholder={say('never')}
            min={10}
            value={now.limits.maximumSeconds ?? ''}
            onChange={(value) => limit({ maximumSeconds: typeof value === 'number' ? value : null })}
          />
          <NumberInput
            label={say('limit.disconnect')}
            min={0}
            max={3600}
            value={now.limits.disconnectSeconds}
            onChange={(value) => typeof value === 'number' && limit({ disconnectSeconds: value })}
          />
          <NumberInput
            label={say('limit.viewers')}
            min={0}
            max={1000}
            value={now.limits.viewers}
            onChange={(value) => typeof value === 'number' && limit({ viewers: value })}
          />
          {now.access === 'anyone' && (
            <NumberInput
              label={say('limit.address')}
              description={say('limit.address.text')}
              min={0}
              max={10_000}
              value={now.limits.perAddress}
              onChange={(value) => typeof value === 'number' && limit({ perAddress: value })}
            />
          )}
          <NumberInput
            label={say('limit.queue')}
            min={0}
            max={10_000}
            value={now.limits.queueLength}
            onChange={(value) => typeof value === 'number' && limit({ queueLength: value })}
          />
          <NumberInput
            label={say('limit.queueTime')}
            min={5}
            value={now.limits.queueSeconds}
            onChange={(value) => typeof value === 'number' && limit({ queueSeconds: value })}
          />
        </div>
      </Section>
      <Section title={say('set.network')}>
        <Switch
          label={say('relayOnly')}
          description={say('relayOnly.text')}
          checked={now.relayOnly}
          onChange={(event) => change({ relayOnly: event.currentTarget.checked })}
        />
        <TurnTest />
      </Section>
      <LookForm look={now.look} onChange={(look) => change({ look })} />
      {act.error && <ProblemNotice error={act.error} />}
      {mayWrite && (
        <div className={classes.buttons}>
          <Button disabled={Object.keys(patch).length === 0} loading={act.isPending} onClick={save}>
            {say('set.save')}
          </Button>
          <Clone app={app} />
          <Remove app={app} />
        </div>
      )}
    </fieldset>
  );
}

function Clone({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const goTo = useGoTo();
  const [open, setOpen] = useState(false);
  const [slug, setSlug] = useState(`${app.slug}-2`);
  const [name, setName] = useState(`${app.name} 2`);
  const act = useAct();
  if (!open) {
    return (
      <Button variant="default" onClick={() => setOpen(true)}>
        {say('clone')}
      </Button>
    );
  }
  const clone = () =>
    act.mutate(async () => {
      const made = await transport().call('POST', paths.appDo(app.id, 'clone'), App, {
        json: { slug, name },
      });
      goTo(`/streams/apps/${made.slug}`);
    });
  return (
    <div className={classes.inline}>
      <TextInput
        label={say('clone.name')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label={say('clone.slug')}
        value={slug}
        onChange={(event) => setSlug(event.currentTarget.value)}
      />
      <Button loading={act.isPending} onClick={clone}>
        {say('clone')}
      </Button>
      {act.error && <ProblemNotice error={act.error} inline />}
    </div>
  );
}

function Remove({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const goTo = useGoTo();
  return (
    <ConfirmInline
      danger
      label={say('delete')}
      question={say('delete.question', { name: app.name })}
      confirm={say('delete')}
      onConfirm={() =>
        transport()
          .run('DELETE', paths.app(app.id))
          .then(() => goTo('/streams'))
      }
    />
  );
}
