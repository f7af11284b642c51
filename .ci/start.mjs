// `npm start`: installs what is missing, builds the studio and serves it on this machine alone.
import { ensurePackages } from './packages.mjs';
import { main, rootPath } from './process.mjs';

const preferredPort = 5173;

await main(async () => {
  await ensurePackages();
  const { build, preview } = await import('vite');
  await build({ root: rootPath, logLevel: 'warn' });
  const server = await preview({
    root: rootPath,
    preview: { host: 'localhost', port: preferredPort },
    logLevel: 'error',
  });
  const { port } = server.httpServer.address();
  console.log(`REALM Studio is ready: http://localhost:${port}`);
  if (port !== preferredPort) {
    console.log(
      `Port ${preferredPort} was taken. The browser keeps runs per address: those of port ${preferredPort} are not seen here.`,
    );
  }
});
