import path from 'node:path';
import type { Command } from 'commander';
import { Failure } from '../failures.ts';
import { readStack } from '../stack/stack.ts';
import { locateToolchain } from '../stack/toolchain.ts';
import type { CommandContext } from './context.ts';

/** Quoted for any POSIX shell, whatever the text holds. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What makes plain `temporal` and `psql` find the embedded stack; `PATH` is the folder to put before the person's own. */
export function stackEnvironment(stateFolder: string): Record<string, string> & { PATH: string } {
  const stack = readStack(stateFolder);
  if (stack === undefined) {
    throw new Failure('InvalidInput', 'No stack is set up here. Start it with: npx sevenfold up');
  }
  return {
    PATH: path.dirname(locateToolchain(stateFolder).temporal),
    TEMPORAL_ADDRESS: stack.temporalAddress,
    TEMPORAL_NAMESPACE: stack.temporalNamespace,
    // A default profile with TLS or a key is for another server, and would be used for this one.
    TEMPORAL_CONFIG_FILE: '/dev/null',
    DATABASE_URL: stack.databaseUrl,
    // psql reads no DATABASE_URL.
    ...postgresVariables(stack.databaseUrl),
  };
}

/** What a person may have set for another server, and what would keep `temporal` and `psql` from this one. */
const ofOtherServers = [
  ...['TEMPORAL_API_KEY', 'TEMPORAL_PROFILE', 'TEMPORAL_TLS', 'TEMPORAL_TLS_CLIENT_CERT_PATH'],
  ...['TEMPORAL_TLS_CLIENT_KEY_PATH', 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', 'TEMPORAL_TLS_SERVER_NAME'],
  ...['PGHOSTADDR', 'PGSERVICE', 'PGSSLMODE', 'PGOPTIONS'],
];

/** The same as lines for a shell's eval. */
export function environmentLines(stateFolder: string): string[] {
  const { PATH, ...variables } = stackEnvironment(stateFolder);
  return [
    `unset ${ofOtherServers.join(' ')}`,
    `export PATH=${quote(PATH)}:"$PATH"`,
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quote(value)}`),
  ];
}

function postgresVariables(databaseUrl: string): Record<string, string> {
  const url = new URL(databaseUrl);
  return {
    PGHOST: url.hostname,
    PGPORT: url.port,
    PGUSER: url.username,
    PGPASSWORD: url.password,
    PGDATABASE: url.pathname.slice(1),
  };
}

export function register(program: Command, { config, out }: CommandContext): void {
  program
    .command('env')
    .description('print exports, so that plain temporal and psql find the stack: eval "$(npx sevenfold env)"')
    .option('--json', 'print one JSON object of the variables')
    .action((options: { json?: boolean }) => {
      if (options.json) out.json(stackEnvironment(config.stateFolder));
      else environmentLines(config.stateFolder).forEach((line) => out.line(line));
    });
}
