import { IconMapOff } from '@tabler/icons-react';
import { useTexts } from '../i18n/texts.ts';
import { EmptyState } from '../parts/empty-state.tsx';
import { Link } from '../parts/link.tsx';
import { Page } from '../parts/page.tsx';
import { shellTexts } from './texts.ts';

export function NotFound() {
  const say = useTexts(shellTexts);
  return (
    <Page title={say('notFound.title')}>
      <EmptyState
        icon={<IconMapOff size={32} stroke={1.4} />}
        title={say('notFound.text')}
        action={<Link to="/">{say('notFound.home')}</Link>}
      />
    </Page>
  );
}
