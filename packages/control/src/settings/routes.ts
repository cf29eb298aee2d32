import { About, SettingsPatch, Settings as SettingsView } from '@backlot/contract';
import type { App } from '../workload.ts';
import type { Settings } from './settings.ts';

export interface SettingsRoutesDeps {
  readonly settings: Settings;
  readonly about: () => Promise<About>;
}

export function settingsRoutes(app: App, { settings, about }: SettingsRoutesDeps): void {
  app.get(
    '/api/v1/settings',
    {
      config: { access: { kind: 'permission', permission: 'settings.read', project: 'everywhere' } },
      schema: { summary: 'What can be changed while the system runs.', response: { 200: SettingsView } },
    },
    async () => await settings.readAll(),
  );
  app.patch(
    '/api/v1/settings',
    {
      config: { access: { kind: 'permission', permission: 'settings.manage', project: 'everywhere' } },
      schema: { summary: 'Change settings.', body: SettingsPatch, response: { 200: SettingsView } },
    },
    async (request) => await settings.change(request.body, request.actor),
  );
  app.get(
    '/api/v1/about',
    {
      config: { access: { kind: 'signedIn' } },
      schema: { summary: 'What runs here: version, database, workloads.', response: { 200: About } },
    },
    async () => await about(),
  );
}
