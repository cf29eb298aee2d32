import { IconMapOff } from '@tabler/icons-react';
import { useTexts } from '../i18n/texts.ts';
import { EmptyState } from '../parts/empty-state.tsx';
import { Link } from '../parts/link.tsx';
import { shellTexts } from './texts.ts';

export function NotFound() {
  const say = useTexts(shellTexts);
  return (
    <EmptyState
      icon={<IconMapOff size={32} stroke={1.4} />}
      title={say('notFound.title')}
      action={<Link to="/">{say('notFound.home')}</Link>}
    >
      {say('notFound.text')}
    </EmptyState>
  );
}
