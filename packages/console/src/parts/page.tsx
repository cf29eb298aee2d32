import { type ReactNode, useEffect } from 'react';
import classes from './page.module.css';

interface PageProps {
  readonly title: string;
  /** Beside the title: a state, a count. */
  readonly aside?: ReactNode;
  /** Buttons of the page, at the right of the title. */
  readonly actions?: ReactNode;
  /** Filters and tabs below the title. */
  readonly toolbar?: ReactNode;
  readonly children: ReactNode;
  /** Takes the whole height, for tables that scroll inside. */
  readonly fill?: boolean;
}

/** The frame of every page: one heading, its actions, its tools, its content. Sets the tab's title. */
export function Page({ title, aside, actions, toolbar, children, fill = false }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Backlot`;
  }, [title]);
  return (
    <div className={classes.page} data-fill={fill || undefined}>
      <header className={classes.header}>
        <h1 className={classes.title}>{title}</h1>
        {aside && <div className={classes.aside}>{aside}</div>}
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {toolbar && <div className={classes.toolbar}>{toolbar}</div>}
      <div className={classes.content}>{children}</div>
    </div>
  );
}

interface SectionProps {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}

/** One titled part of a page. */
export function Section({ title, aside, actions, children }: SectionProps) {
  return (
    <section className={classes.section} aria-label={title}>
      <header className={classes.sectionHeader}>
        <h2>{title}</h2>
        {aside && <span className="dim">{aside}</span>}
        {actions && <div className={classes.actions}>{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** Name and value pairs, in as many columns as there is room for. */
export function Facts({
  items,
}: {
  readonly items: readonly (readonly [label: string, value: ReactNode])[];
}) {
  return (
    <dl className={classes.facts}>
      {items.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
