import { Link } from '../../parts/link.tsx';

const pages: Readonly<Record<string, string>> = { node: '/nodes/', job: '/jobs/', task: '/tasks/' };

/** What an event or an audit entry is about; a link where the thing has a page. */
export function SubjectLink({ kind, id }: { readonly kind: string; readonly id: string | null }) {
  const page = pages[kind];
  const text = (
    <>
      {kind} {id !== null && <code>{id.length > 20 ? `${id.slice(0, 8)}…${id.slice(-4)}` : id}</code>}
    </>
  );
  return page && id !== null ? (
    <Link to={`${page}${encodeURIComponent(id)}`}>{text}</Link>
  ) : (
    <span>{text}</span>
  );
}
