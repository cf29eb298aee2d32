import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the public page of one workload (`vite build workloads/<name>/page --config …`): a small bundle of its own,
 * beside the console's, since those who open it never see the console.
 */
export default defineConfig(() => {
  const page = process.argv.find((argument) => /^workloads[\\/][^\\/]+[\\/]page$/.test(argument));
  if (page === undefined) throw new Error('Say which page to build: vite build workloads/<name>/page.');
  const workload = basename(dirname(page));
  return {
    base: `/pages/${workload}/`,
    plugins: [react()],
    build: {
      target: 'es2022',
      outDir: fileURLToPath(new URL(`./dist/pages/${workload}`, import.meta.url)),
      emptyOutDir: true,
      // A data: URL would need an exception in the page's policy.
      assetsInlineLimit: 0,
      sourcemap: false,
      reportCompressedSize: false,
      modulePreload: { polyfill: false },
    },
    server: { fs: { allow: [repository] } },
  };
});
