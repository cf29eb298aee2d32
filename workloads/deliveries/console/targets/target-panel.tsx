import {
  ConfirmInline,
  ProblemNotice,
  SchemaForm,
  SidePanel,
  transport,
  useReason,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button, Group, Select, Switch, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { fileTargetKinds } from '../../contract/file-targets.ts';
import { messageTargetKinds } from '../../contract/message-targets.ts';
import {
  DeliveryTarget,
  keepsFiles,
  type TargetKind,
  TargetLimits,
  TargetTest,
} from '../../contract/target.ts';
import { targetPath } from '../queries.ts';
import { deliveryTexts } from '../texts.ts';
import { schemasOf } from './schemas.ts';
import { TargetFacts } from './target-facts.tsx';
import { TargetHealth } from './target-health.tsx';
import { TargetLimitsFields } from './target-limits.tsx';
import { TargetRoutes } from './target-routes.tsx';
import { type SecretChanges, TargetSecrets } from './target-secrets.tsx';

interface TargetPanelProps {
  /** Left out for a new one. */
  readonly target?: DeliveryTarget | undefined;
  readonly onClose: () => void;
}

/** A target's settings and secrets: fields follow from its kind. Secrets only go in. */
export function TargetPanel({ target, onClose }: TargetPanelProps) {
  const say = useTexts(deliveryTexts);
  const sentence = useReason();
  const client = useQueryClient();
  const { project, projects, can } = useSession();
  const mine = projects.filter((one) => can('deliveries.manage', one.id));
  const [chosen, setProjectId] = useState<string | null>(null);
  // By its address the panel may be there before the projects are.
  const projectId = target?.projectId ?? chosen ?? project?.id ?? mine[0]?.id ?? null;
  const [name, setName] = useState(target?.name ?? '');
  const [kind, setKind] = useState<TargetKind>(target?.kind ?? 's3');
  const [enabled, setEnabled] = useState(target?.enabled ?? true);
  const [settings, setSettings] = useState<Readonly<Record<string, unknown>>>(target?.settings ?? {});
  const [secrets, setSecrets] = useState<SecretChanges>({});
  const [limits, setLimits] = useState(target?.limits ?? TargetLimits.parse({}));
  const shape = schemasOf(kind);
  const refresh = () => client.invalidateQueries();
  const typed = JSON.stringify([name, enabled, settings, limits, secrets]);
  const [stored, setStored] = useState(typed);
  const isChanged = typed !== stored;
  const store = () => {
    const json = { name, enabled, settings, secrets, ...(keepsFiles(kind) ? { limits } : {}) };
    return target
      ? transport().call('PATCH', targetPath(target.id), DeliveryTarget, { json })
      : transport().call('POST', '/api/v1/delivery-targets', DeliveryTarget, {
          json: { projectId, kind, ...json },
        });
  };
  const save = useMutation({
    mutationFn: store,
    onSuccess: async () => {
      await refresh();
      onClose();
    },
  });
  // What is tried is what is stored: a form that differs is saved first, and the button says so.
  const test = useMutation({
    mutationFn: async () => {
      if (isChanged) {
        await store();
        setSecrets({});
        setStored(JSON.stringify([name, enabled, settings, limits, {}]));
        await refresh();
      }
      return await transport().call('POST', `${targetPath(target?.id ?? '')}/test`, TargetTest);
    },
    onSettled: refresh,
  });
  const remove = async () => {
    await transport().run('DELETE', targetPath(target?.id ?? ''));
    await refresh();
    onClose();
  };
  if (projectId === null) {
    return (
      <SidePanel title={say('new')} onClose={onClose}>
        <p>{say('needsProject')}</p>
      </SidePanel>
    );
  }
  if (target && !can('deliveries.manage', projectId))
    return <TargetFacts target={target} onClose={onClose} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  const choicesOf = (kinds: readonly TargetKind[]) =>
    kinds.map((value) => ({ value, label: say(`type.${value}`) }));
  return (
    <SidePanel title={target?.name ?? say('new')} onClose={onClose}>
      {target && <TargetHealth target={target} />}
      <form onSubmit={submit} style={{ display: 'flex', flexDirection: 'column', gap: 14 }}>
        {!target && mine.length > 1 && (
          <Select
            label={say('project')}
            allowDeselect={false}
            data={mine.map((one) => ({ value: one.id, label: one.name }))}
            value={projectId}
            onChange={setProjectId}
          />
        )}
        <TextInput
          label={say('col.name')}
          description={say('name.hint')}
          value={name}
          required
          maxLength={60}
          pattern="[a-z0-9][a-z0-9\-]*"
          data-autofocus
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={say('col.kind')}
          allowDeselect={false}
          disabled={target !== undefined}
          data={[
            { group: say('types.files'), items: choicesOf(fileTargetKinds) },
            { group: say('types.messages'), items: choicesOf(messageTargetKinds) },
          ]}
          value={kind}
          onChange={(value) => {
            setKind((value ?? 's3') as TargetKind);
            // What was said of another kind means nothing here.
            setSettings({});
            setSecrets({});
          }}
        />
        <Text fw={600}>{say('settings')}</Text>
        <SchemaForm schema={shape.settings} value={settings} onChange={setSettings} />
        <TargetSecrets
          schema={shape.secrets}
          stored={target?.secretNames ?? []}
          value={secrets}
          onChange={setSecrets}
        />
        {keepsFiles(kind) && <TargetLimitsFields value={limits} onChange={setLimits} />}
        <Switch
          label={say('enabled')}
          checked={enabled}
          onChange={(event) => setEnabled(event.currentTarget.checked)}
        />
        {[save, test].map(({ error }, place) => error && <ProblemNotice key={String(place)} error={error} />)}
        {test.data && (
          <Text role="status" c={test.data.ok ? 'var(--state-done-text)' : 'var(--state-failed-text)'}>
            {test.data.fault ? sentence(test.data.fault) : say('test.ok', { ms: test.data.durationMs })}
          </Text>
        )}
        <Group>
          <Button type="submit" loading={save.isPending}>
            {say(target ? 'save' : 'create')}
          </Button>
          {target && (
            <Button
              variant="default"
              disabled={test.isPending || save.isPending}
              onClick={(event) => event.currentTarget.form?.reportValidity() && test.mutate()}
            >
              {say(test.isPending ? 'testing' : isChanged ? 'test.save' : 'test')}
            </Button>
          )}
          {target && (
            <ConfirmInline
              label={say('remove')}
              question={say('remove.sure', { name: target.name })}
              confirm={say('remove.do')}
              danger
              variant="subtle"
              onConfirm={remove}
            />
          )}
        </Group>
      </form>
      {target && !keepsFiles(kind) && <TargetRoutes targetId={target.id} />}
    </SidePanel>
  );
}
