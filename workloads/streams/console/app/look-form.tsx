import { Section, useTexts } from '@backlot/console/workload';
import { Button, ColorInput, FileButton, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { AppLook } from '../../contract/app.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';

/** A data URL of this many bytes is what the API takes. */
const largestLogo = 140_000;

/** How the player page of the app looks: title, colour, scheme, and a small picture. */
export function LookForm({
  look,
  onChange,
}: {
  readonly look: AppLook;
  readonly onChange: (look: AppLook) => void;
}) {
  const say = useTexts(appTexts);
  const [tooBig, setTooBig] = useState(false);
  const { logo, ...withoutLogo } = look;
  const choose = async (file: File | null) => {
    if (!file) return;
    setTooBig(file.size > largestLogo);
    if (file.size <= largestLogo) onChange({ ...look, logo: await dataUrl(file) });
  };
  return (
    <Section title={say('set.look')}>
      <div className={classes.fields}>
        <TextInput
          label={say('look.title')}
          value={look.title ?? ''}
          onChange={({ currentTarget: { value } }) => {
            const { title: _, ...rest } = look;
            onChange(value === '' ? rest : { ...rest, title: value });
          }}
        />
        <ColorInput
          label={say('look.accent')}
          size="xs"
          format="hex"
          withEyeDropper={false}
          value={look.accent ?? ''}
          onChange={(value) => {
            const { accent: _, ...rest } = look;
            if (value === '') onChange(rest);
            else if (/^#[0-9a-f]{6}$/i.test(value)) onChange({ ...rest, accent: value });
          }}
        />
        <Select
          label={say('look.scheme')}
          allowDeselect={false}
          value={look.scheme}
          data={(['dark', 'light', 'auto'] as const).map((value) => ({
            value,
            label: say(`scheme.${value}`),
          }))}
          onChange={(value) => {
            if (value === 'dark' || value === 'light' || value === 'auto') {
              onChange({ ...look, scheme: value });
            }
          }}
        />
      </div>
      <div className={classes.buttons}>
        {logo !== undefined && <img className={classes.logo} src={logo} alt={say('look.logo')} />}
        <FileButton
          accept="image/png,image/jpeg,image/webp,image/svg+xml"
          onChange={(file) => void choose(file)}
        >
          {(props) => (
            <Button variant="default" {...props}>
              {say('look.logo.choose')}
            </Button>
          )}
        </FileButton>
        {logo !== undefined && (
          <Button variant="subtle" onClick={() => onChange(withoutLogo)}>
            {say('look.logo.remove')}
          </Button>
        )}
        {tooBig && <span role="alert">{say('look.logo.big')}</span>}
      </div>
    </Section>
  );
}

function dataUrl(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('The file could not be read.'));
    reader.readAsDataURL(file);
  });
}
