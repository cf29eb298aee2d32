import { useQuery } from '@tanstack/react-query';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { Link } from '../../../parts/link.tsx';
import { QueryView } from '../../../parts/query-view.tsx';
import { StepIcon } from '../canvas/step-icon.tsx';
import { catalogueQuery, templatesQuery } from '../flow-api.ts';
import { flowTexts } from '../texts.ts';
import classes from './flows-page.module.css';

/** Flows to begin with, each with its steps in a row; and the empty one. */
export function Templates() {
  const say = useTexts(flowTexts);
  const { language } = useLanguage();
  const templates = useQuery(templatesQuery());
  const { data: catalogue } = useQuery(catalogueQuery());
  return (
    <QueryView query={templates} rows={6}>
      {(items) => (
        <ul className={classes.templates}>
          {items.map(({ name, title, summary, definition }) => (
            <li key={name}>
              <Link
                to={`/flows/new?template=${encodeURIComponent(name)}`}
                className={classes.template}
                aria-label={say('templates.use', { name: title[language] })}
              >
                <strong>{title[language]}</strong>
                <span>{summary[language]}</span>
                <span className={classes.chain}>
                  <StepIcon kind="x.trigger" />
                  {definition.steps.slice(0, 9).map((step) => (
                    <StepIcon key={step.id} kind={step.kind} icon={catalogue?.steps.get(step.kind)?.icon} />
                  ))}
                  <span className="dim">{say('templates.steps', { count: definition.steps.length })}</span>
                </span>
              </Link>
            </li>
          ))}
          <li>
            <Link to="/flows/new" className={classes.template}>
              <strong>{say('templates.blank')}</strong>
              <span>{say('templates.blank.text')}</span>
            </Link>
          </li>
        </ul>
      )}
    </QueryView>
  );
}
