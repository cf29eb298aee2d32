import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { Page } from '../../parts/page.tsx';
import { TabLinks } from '../../parts/tab-links.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { People } from './people.tsx';
import { Projects } from './projects.tsx';
import { accessTexts } from './texts.ts';
import { Tokens } from './tokens.tsx';

const parts = ['people', 'projects', 'tokens'] as const;
const apiPaths = { people: '/api/v1/accounts', projects: '/api/v1/projects', tokens: '/api/v1/tokens' };

/** Who may do what: people, projects with their members, and tokens of programs. */
export default function AccessPage() {
  const say = useTexts(accessTexts);
  const { can } = useSession();
  const [wanted] = useSearch('part');
  const allowed = parts.filter((part) => part !== 'people' || can('accounts.manage'));
  const active = allowed.find((part) => part === wanted) ?? allowed[0] ?? 'tokens';
  return (
    <Page
      fill
      title={say('title')}
      aside={
        <TabLinks
          label={say('tabs')}
          tabs={allowed.map((part) => ({
            to: `/access?part=${part}`,
            label: say(part),
            active: part === active,
          }))}
        />
      }
      actions={<AsMenu apiPath={apiPaths[active]} />}
    >
      {active === 'people' && <People />}
      {active === 'projects' && <Projects />}
      {active === 'tokens' && <Tokens />}
    </Page>
  );
}
