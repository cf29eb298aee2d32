import { Menu, UnstyledButton } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useTexts } from '../i18n/texts.ts';
import { useSession } from '../session/session.tsx';
import { shellTexts } from './texts.ts';
import classes from './top-bar.module.css';

/** Which project the pages show and where new work goes. */
export function ProjectMenu() {
  const say = useTexts(shellTexts);
  const { projects, project, chooseProject } = useSession();
  const name = project?.name ?? (projects.length === 0 ? say('project.none') : say('project.all'));
  return (
    <Menu position="bottom-start" disabled={projects.length === 0}>
      <Menu.Target>
        <UnstyledButton className={classes.project} aria-label={`${say('project.label')}: ${name}`}>
          <span className={classes.projectName}>{name}</span>
          <IconChevronDown size={14} aria-hidden="true" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          role="menuitemradio"
          aria-checked={project === undefined}
          fw={project === undefined ? 600 : 400}
          onClick={() => chooseProject(undefined)}
        >
          {say('project.all')}
        </Menu.Item>
        {projects.map((one) => (
          <Menu.Item
            key={one.id}
            role="menuitemradio"
            aria-checked={one.id === project?.id}
            fw={one.id === project?.id ? 600 : 400}
            onClick={() => chooseProject(one.id)}
          >
            {one.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
