/** Collections whose one item isn't called by dropping an `s`. */
const irregular: Readonly<Record<string, string>> = { deliveries: 'delivery', me: 'account' };

/** What a route is about, taken from its template: `/api/v1/jobs/:id/tasks` is about a job. */
export function subjectOfRoute(template: string): string {
  const segments = template.split('/').filter((segment) => segment !== '' && segment !== '*');
  const parameter = segments.findIndex((segment) => segment.startsWith(':'));
  const noun = (parameter > 0 ? segments[parameter - 1] : segments.at(-1)) ?? 'request';
  return irregular[noun] ?? noun.replace(/s$/, '');
}
