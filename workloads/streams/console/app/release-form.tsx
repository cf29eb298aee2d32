import { ProblemNotice, Section, transport, useSession, useTexts } from '@backlot/console/workload';
import { Button, NumberInput, Select } from '@mantine/core';
import { useState } from 'react';
import type { App, AppVersion } from '../../contract/api.ts';
import { paths } from '../queries.ts';
import { useAct } from '../shared/use-act.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';

/** Which version is started, and which gets a share of what is started. */
export function ReleaseForm({
  app,
  versions,
}: {
  readonly app: App;
  readonly versions: readonly AppVersion[];
}) {
  const say = useTexts(appTexts);
  const { can } = useSession();
  const [active, setActive] = useState(app.activeVersion);
  const [canary, setCanary] = useState(app.canary?.version ?? null);
  const [share, setShare] = useState(app.canary?.share ?? 10);
  const act = useAct();
  const mayWrite = can('streams.apps.write', app.projectId);
  const changed =
    active !== app.activeVersion ||
    canary !== (app.canary?.version ?? null) ||
    (canary !== null && share !== app.canary?.share);
  const data = versions.map((one) => ({
    value: String(one.version),
    label: say('version.title', { version: one.version }),
  }));
  const apply = () =>
    act.mutate(() =>
      transport().run('PUT', paths.appDo(app.id, 'release'), {
        json: { active, canary: canary === null ? null : { version: canary, share } },
      }),
    );
  return (
    <Section title={say('release')}>
      <p className="dim">{say('release.text')}</p>
      <div className={classes.inline}>
        <Select
          label={say('release.active')}
          data={data}
          value={active === null ? null : String(active)}
          allowDeselect={false}
          disabled={!mayWrite}
          onChange={(value) => setActive(value === null ? null : Number(value))}
        />
        <Select
          label={say('release.canary')}
          placeholder={say('release.none')}
          data={data.filter((one) => one.value !== String(active))}
          value={canary === null ? null : String(canary)}
          clearable
          disabled={!mayWrite}
          onChange={(value) => setCanary(value === null ? null : Number(value))}
        />
        {canary !== null && (
          <NumberInput
            label={say('release.share')}
            suffix=" %"
            min={1}
            max={99}
            clampBehavior="strict"
            w={150}
            value={share}
            disabled={!mayWrite}
            onChange={(value) => typeof value === 'number' && setShare(value)}
          />
        )}
        {mayWrite && (
          <Button disabled={!changed || active === null} loading={act.isPending} onClick={apply}>
            {say('release.apply')}
          </Button>
        )}
      </div>
      {act.error && <ProblemNotice error={act.error} />}
    </Section>
  );
}
