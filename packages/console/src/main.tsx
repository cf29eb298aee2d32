// Its first line sets the order of the layers.
import './theme/global.css';
import '@mantine/core/styles.layer.css';
import 'virtual:theme-variables.css';
import './theme/tokens.css';

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { consoleWorkloads } from './workloads/discovered.ts';
import { registerWorkloads } from './workloads/register.ts';

registerWorkloads(consoleWorkloads);

const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root.');
createRoot(root).render(
  <StrictMode>
    <App workloads={consoleWorkloads} />
  </StrictMode>,
);
