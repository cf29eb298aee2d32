import { Link, useList, useTexts } from '@backlot/console/workload';
import { Button, Checkbox, NumberInput, SegmentedControl, Select, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { resolvers } from '../../contract/source.ts';
import { recordingTexts } from '../texts.ts';
import { type ChannelDraft, kindOfDraft } from './channel-draft.ts';
import classes from './channel-form.module.css';
import { flowChoicesQuery } from './flow-choices.ts';

interface ChannelFormProps {
  readonly draft: ChannelDraft;
  readonly onChange: (draft: ChannelDraft) => void;
  readonly projectId: string | undefined;
  readonly missing: readonly (keyof ChannelDraft)[];
  /** A push stays a push: its key is not to be lost by a click. */
  readonly isNew: boolean;
}

const kinds = ['http-flv', 'hls', 'rtmp', 'rtsp', 'srt', 'resolver'] as const;

/** Everything that a person decides about a channel; an address and a name are enough. */
export function ChannelForm({ draft, onChange, projectId, missing, isNew }: ChannelFormProps) {
  const say = useTexts(recordingTexts);
  const set = (change: Partial<ChannelDraft>) => onChange({ ...draft, ...change });
  const kind = kindOfDraft(draft);
  const badUrl = missing.includes('url') || (draft.url.trim() !== '' && kind === undefined);
  return (
    <div className={classes.form}>
      {isNew && (
        <SegmentedControl
          aria-label={say('form.from')}
          data={[
            { value: 'url', label: say('from.url') },
            { value: 'push', label: say('from.push') },
          ]}
          value={draft.from}
          onChange={(from) => set({ from: from === 'push' ? 'push' : 'url' })}
        />
      )}
      {draft.from === 'push' && isNew && <p className="dim">{say('form.push.hint')}</p>}
      {draft.from === 'url' && (
        <>
          <TextInput
            label={say('form.url')}
            description={say(kind === 'srt' ? 'form.url.srt' : 'form.url.hint')}
            placeholder="https://…/live.flv"
            required
            maxLength={4_000}
            error={badUrl ? say('form.url.bad') : undefined}
            value={draft.url}
            onChange={(event) => set({ url: event.currentTarget.value })}
          />
          <Select
            label={say('form.kind')}
            allowDeselect={false}
            data={[
              {
                value: 'auto',
                label: say('form.kind.auto', { kind: kind === undefined ? '…' : say(`kind.${kind}`) }),
              },
              ...kinds.map((value) => ({ value, label: say(`kind.${value}`) })),
            ]}
            value={draft.kind}
            onChange={(next) => set({ kind: kinds.find((one) => one === next) ?? 'auto' })}
          />
          {kind === 'resolver' && (
            <Select
              label={say('form.resolver')}
              allowDeselect={false}
              data={[...resolvers]}
              value={draft.resolver}
              onChange={(next) => set({ resolver: resolvers.find((one) => one === next) ?? 'streamlink' })}
            />
          )}
        </>
      )}
      <TextInput
        label={say('form.name')}
        required
        maxLength={200}
        value={draft.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <FlowChoice projectId={projectId} value={draft.flowId} onChange={(flowId) => set({ flowId })} />
      <ScheduleFields draft={draft} set={set} />
      <Part title={say('form.cut')}>
        <div className={classes.pair}>
          <Amount
            label={say('cut.every')}
            value={draft.cutMinutes}
            min={0.2}
            onChange={(cutMinutes) => set({ cutMinutes })}
          />
          <Amount
            label={say('cut.bytes')}
            value={draft.cutGib}
            min={0.001}
            onChange={(cutGib) => set({ cutGib })}
          />
        </div>
        <Checkbox
          size="xs"
          label={say('cut.title')}
          checked={draft.cutOnTitle}
          onChange={(event) => set({ cutOnTitle: event.currentTarget.checked })}
        />
      </Part>
      <Part title={say('form.retention')} hint={say('keep.hint')}>
        <div className={classes.triple}>
          <Amount
            label={say('keep.days')}
            value={draft.keepDays}
            min={1}
            whole
            onChange={(keepDays) => set({ keepDays })}
          />
          <Amount
            label={say('keep.broadcasts')}
            value={draft.keepBroadcasts}
            min={1}
            whole
            onChange={(keepBroadcasts) => set({ keepBroadcasts })}
          />
          <Amount
            label={say('keep.bytes')}
            value={draft.keepGib}
            min={0.001}
            onChange={(keepGib) => set({ keepGib })}
          />
        </div>
        <Checkbox
          size="xs"
          label={say('keep.verified')}
          checked={!draft.keepUnverified}
          onChange={(event) => set({ keepUnverified: !event.currentTarget.checked })}
        />
      </Part>
      <details className={classes.more}>
        <summary>{say('form.more')}</summary>
        <div className={classes.form}>
          <TagsInput
            size="xs"
            label={say('form.qualities')}
            description={say('form.qualities.hint')}
            maxTags={20}
            value={[...draft.qualities]}
            onChange={(qualities) => set({ qualities })}
          />
          <NumberInput
            label={say('form.silence')}
            min={0.1}
            max={1_440}
            value={draft.silenceMinutes}
            onChange={(next) => typeof next === 'number' && set({ silenceMinutes: next })}
          />
          <NumberInput
            label={say('form.bitrate')}
            min={0.01}
            max={1_000}
            value={draft.expectedMbit}
            onChange={(next) => typeof next === 'number' && set({ expectedMbit: next })}
          />
          <TextInput
            label={say('form.pool')}
            maxLength={100}
            value={draft.pool}
            onChange={(event) => set({ pool: event.currentTarget.value })}
          />
        </div>
      </details>
    </div>
  );
}

interface FlowChoiceProps {
  readonly projectId: string | undefined;
  readonly value: string | null;
  readonly onChange: (id: string | null) => void;
}

function FlowChoice({ projectId, value, onChange }: FlowChoiceProps) {
  const say = useTexts(recordingTexts);
  const flows = useList(flowChoicesQuery(projectId));
  const known = (flows.items ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const data =
    value !== null && !known.some((one) => one.value === value)
      ? [...known, { value, label: `…${value.slice(-12)}` }]
      : known;
  return (
    <Select
      label={say('form.flow')}
      description={
        <>
          {say('form.flow.hint')} <Link to="/flows">→</Link>
        </>
      }
      placeholder={say('form.flow.none')}
      clearable
      searchable
      data={data}
      value={value}
      onChange={onChange}
    />
  );
}

interface ScheduleFieldsProps {
  readonly draft: ChannelDraft;
  readonly set: (change: Partial<ChannelDraft>) => void;
}

function ScheduleFields({ draft, set }: ScheduleFieldsProps) {
  const say = useTexts(recordingTexts);
  const { windows } = draft;
  const change = (index: number, next: Partial<ChannelDraft['windows'][number]>) =>
    set({ windows: windows.map((window, at) => (at === index ? { ...window, ...next } : window)) });
  return (
    <Part title={say('form.schedule')} hint={windows.length > 0 ? say('schedule.hint') : undefined}>
      <SegmentedControl
        aria-label={say('form.schedule')}
        data={[
          { value: 'always', label: say('schedule.always') },
          { value: 'windows', label: say('schedule.windows') },
        ]}
        value={windows.length === 0 ? 'always' : 'windows'}
        onChange={(next) => set({ windows: next === 'always' ? [] : [{ cron: '0 20 * * *', minutes: 120 }] })}
      />
      {windows.map((window, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a window is what stands at its place
        <div key={index} className={classes.window}>
          <TextInput
            label={say('schedule.cron')}
            value={window.cron}
            maxLength={200}
            onChange={(event) => change(index, { cron: event.currentTarget.value })}
          />
          <NumberInput
            label={say('schedule.minutes')}
            min={1}
            max={10_080}
            allowDecimal={false}
            value={window.minutes}
            onChange={(next) => typeof next === 'number' && change(index, { minutes: next })}
          />
          <Button
            variant="subtle"
            px={6}
            aria-label={say('schedule.remove')}
            onClick={() => set({ windows: windows.filter((_, at) => at !== index) })}
          >
            <IconX size={14} aria-hidden="true" />
          </Button>
        </div>
      ))}
      {windows.length > 0 && (
        <div className={classes.window}>
          <TextInput
            label={say('schedule.zone')}
            maxLength={60}
            value={draft.timeZone}
            onChange={(event) => set({ timeZone: event.currentTarget.value })}
          />
          <Button
            variant="default"
            leftSection={<IconPlus size={13} aria-hidden="true" />}
            onClick={() => set({ windows: [...windows, { cron: '0 20 * * *', minutes: 120 }] })}
          >
            {say('schedule.add')}
          </Button>
        </div>
      )}
    </Part>
  );
}

interface AmountProps {
  readonly label: string;
  readonly value: number | '';
  readonly min: number;
  readonly whole?: boolean;
  readonly onChange: (value: number | '') => void;
}

function Amount({ label, value, min, whole = false, onChange }: AmountProps) {
  return (
    <NumberInput
      label={label}
      min={min}
      allowDecimal={!whole}
      value={value}
      onChange={(next) => onChange(typeof next === 'number' ? next : '')}
    />
  );
}

function Part({ title, hint, children }: { title: string; hint?: string | undefined; children: ReactNode }) {
  return (
    <section className={classes.part} aria-label={title}>
      <h3>{title}</h3>
      {children}
      {hint !== undefined && <p className={classes.hint}>{hint}</p>}
    </section>
  );
}
