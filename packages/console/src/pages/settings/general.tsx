import { Settings, type SettingsPatch } from '@backlot/contract/api/settings';
import { Button, Checkbox, NumberInput, TextInput } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { transport } from '../../api/transport.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { Link } from '../../parts/link.tsx';
import { Section } from '../../parts/page.tsx';
import { ProblemNotice } from '../../parts/problem-notice.tsx';
import { QueryView } from '../../parts/query-view.tsx';
import { useSession } from '../../session/session.tsx';
import classes from './settings.module.css';
import { settingsTexts } from './texts.ts';

const settingsQuery = () =>
  queryOptions({
    queryKey: ['settings'],
    queryFn: ({ signal }) => transport().call('GET', '/api/v1/settings', Settings, { signal }),
    // A form that is being filled in must not be filled in again from behind.
    refetchInterval: false,
    refetchOnWindowFocus: false,
  });

/** What is set for the whole installation while it runs. */
export function General() {
  const settings = useQuery(settingsQuery());
  return (
    <QueryView query={settings}>
      {(data) => <GeneralForm key={JSON.stringify(data)} settings={data} />}
    </QueryView>
  );
}

function GeneralForm({ settings }: { readonly settings: Settings }) {
  const say = useTexts(settingsTexts);
  const word = useGlossary();
  const client = useQueryClient();
  const { can } = useSession();
  const [draft, setDraft] = useState(settings);
  const save = useMutation({
    mutationFn: (patch: SettingsPatch) =>
      transport().call('PATCH', '/api/v1/settings', Settings, { json: patch }),
    onSuccess: (next) => client.setQueryData(settingsQuery().queryKey, next),
  });
  const readOnly = !can('settings.manage');
  const setWebhooks = (change: Partial<Settings['webhooks']>) =>
    setDraft({ ...draft, webhooks: { ...draft.webhooks, ...change } });
  const setRetention = (change: Partial<Settings['retention']>) =>
    setDraft({ ...draft, retention: { ...draft.retention, ...change } });
  const changed = JSON.stringify(draft) !== JSON.stringify(settings);
  return (
    <form
      className={classes.general}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(draft);
      }}
    >
      <TextInput
        label={say('general.name')}
        description={say('general.name.hint')}
        value={draft.installation.name}
        onChange={(event) => setDraft({ ...draft, installation: { name: event.currentTarget.value } })}
        maxLength={80}
        disabled={readOnly}
        required
      />
      <Section title={say('general.webhooks')}>
        <div className={classes.form}>
          <Checkbox
            size="xs"
            label={say('general.private')}
            description={say('general.private.hint')}
            checked={draft.webhooks.allowPrivateNetworks}
            onChange={(event) => setWebhooks({ allowPrivateNetworks: event.currentTarget.checked })}
            disabled={readOnly}
          />
          <Checkbox
            size="xs"
            label={say('general.loopback')}
            description={say('general.loopback.hint')}
            checked={draft.webhooks.allowLoopback}
            onChange={(event) => setWebhooks({ allowLoopback: event.currentTarget.checked })}
            disabled={readOnly}
          />
        </div>
      </Section>
      <Section title={say('general.retention')}>
        <div className={classes.form}>
          <NumberInput
            label={say('general.eventDays')}
            description={say('general.eventDays.hint')}
            suffix={say('days')}
            min={1}
            max={3650}
            value={draft.retention.eventDays}
            onChange={(value) => setRetention({ eventDays: Math.max(1, Math.round(Number(value) || 1)) })}
            disabled={readOnly}
          />
          <NumberInput
            label={say('general.deliveryDays')}
            description={say('general.deliveryDays.hint')}
            suffix={say('days')}
            min={1}
            max={365}
            value={draft.retention.deliveryDays}
            onChange={(value) => setRetention({ deliveryDays: Math.max(1, Math.round(Number(value) || 1)) })}
            disabled={readOnly}
          />
          <p className="dim">
            {say('general.files')} <Link to="/access?part=projects">{say('general.files.link')}</Link>
          </p>
        </div>
      </Section>
      {save.error && <ProblemNotice error={save.error} />}
      {!readOnly && (
        <Button type="submit" loading={save.isPending} disabled={!changed}>
          {save.isSuccess && !changed ? say('save.done') : word('do.save')}
        </Button>
      )}
    </form>
  );
}
