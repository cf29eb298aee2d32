import { type FlowDetail, type FlowRun, mostFilesByHand } from '@backlot/contract/flow/api';
import { Button, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useMemo, useState } from 'react';
import { useTexts } from '../../../../i18n/texts.ts';
import { useLanguage } from '../../../../i18n/use-language.ts';
import { ProblemNotice } from '../../../../parts/problem-notice.tsx';
import { SidePanel } from '../../../../parts/side-panel.tsx';
import type { KindView } from '../../editor/catalogue.ts';
import { flowActions } from '../../flow-api.ts';
import { flowTexts } from '../../texts.ts';
import classes from '../run-page.module.css';
import { runTexts } from '../texts.ts';
import { ArtifactPicker } from './artifact-picker.tsx';
import { BROADCAST_ENDED } from './broadcast-occasion.ts';
import { BroadcastPicker } from './broadcast-picker.tsx';
import { type Given, portsToFill, readData } from './start-input.ts';

interface RunPanelProps {
  readonly flow: FlowDetail;
  readonly trigger: KindView | undefined;
  readonly onClose: () => void;
  readonly onStarted: (run: FlowRun) => void;
}

/** Begins a run by hand: with files where its steps take some from the trigger, with data for the texts of its steps. */
export function RunPanel({ flow, trigger, onClose, onStarted }: RunPanelProps) {
  const say = useTexts(runTexts);
  const words = useTexts(flowTexts);
  const { language } = useLanguage();
  const [files, setFiles] = useState<Readonly<Record<string, readonly Given[]>>>({});
  const [data, setData] = useState('');
  const ports = useMemo(() => portsToFill(flow.definition, trigger), [flow.definition, trigger]);
  const read = readData(data);
  const fits = ports.every(({ port }) => (files[port]?.length ?? 0) <= mostFilesByHand);
  const start = useMutation({
    mutationFn: (told: Record<string, unknown>) => {
      const given = ports.map(({ port }) => [port, (files[port] ?? []).map(({ id }) => id)] as const);
      const artifacts = Object.fromEntries(given.filter(([, ids]) => ids.length > 0));
      return flowActions.run(flow.id, { artifacts, data: told });
    },
    onSuccess: onStarted,
  });
  // Also once it has begun: the page goes on to the run, and a second press would begin another.
  const busy = start.isPending || start.isSuccess;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (fits && !busy && 'data' in read) start.mutate(read.data);
  };
  const give = (port: string, value: readonly Given[]) =>
    setFiles((before) => ({ ...before, [port]: value }));
  return (
    <SidePanel title={words('run')} onClose={onClose}>
      <form className={classes.form} onSubmit={submit}>
        <p>{words('run.ask', { number: flow.version, name: flow.name })}</p>
        {flow.trigger === BROADCAST_ENDED && (
          <BroadcastPicker
            projectId={flow.projectId}
            onPick={(segments, told) => {
              give('segments', segments);
              setData(JSON.stringify(told, null, 2));
            }}
          />
        )}
        {ports.map((port) => (
          <ArtifactPicker
            key={port.port}
            projectId={flow.projectId}
            port={port}
            label={say(port.many ? 'start.port' : 'start.port.one', {
              port: trigger?.outputs[port.port]?.title?.[language] ?? port.port,
            })}
            value={files[port.port] ?? []}
            onChange={(value) => give(port.port, value)}
          />
        ))}
        <Textarea
          label={say('start.data', { trigger: '{{trigger.…}}' })}
          description={
            trigger?.data && trigger.data.length > 0
              ? say('start.data.names', { names: trigger.data.join(', ') })
              : say('start.data.hint')
          }
          autosize
          minRows={3}
          maxRows={14}
          classNames={{ input: classes.code ?? '' }}
          error={'problem' in read ? say(`start.data.${read.problem}`) : undefined}
          value={data}
          onChange={(event) => setData(event.currentTarget.value)}
        />
        <ProblemNotice error={start.error} />
        {ports.length > 0 && ports.every(({ port }) => !files[port]?.length) && (
          <p className={classes.skips}>{say('start.empty')}</p>
        )}
        <Button type="submit" loading={busy} disabled={!fits || 'problem' in read}>
          {say('start.do')}
        </Button>
      </form>
    </SidePanel>
  );
}
