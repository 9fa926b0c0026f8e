import type { ClientConfig } from 'pg';

// What an environment, a role or a database may say otherwise, and what our texts, dates and fingerprints hang on.
const pinned = {
  DateStyle: 'ISO,MDY',
  TimeZone: 'UTC',
  IntervalStyle: 'postgres',
  extra_float_digits: '1',
  bytea_output: 'hex',
};

/** As arguments of a server's session. The same stand in spark/sevenfold_jobs/common/database.py. */
export const sessionOptions = Object.entries(pinned)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/**
 * How every client of ours connects. Settings of the session are stated, so that PGOPTIONS and the like change nothing; an
 * address's own options stay, as far as they do not speak of the same. The embedded server has no TLS, whatever PGSSLMODE says.
 */
export function clientOptions(
  databaseUrl: string,
): Pick<ClientConfig, 'connectionString' | 'options' | 'ssl'> {
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  const own = url?.searchParams.get('options') ?? undefined;
  if (url === undefined || own === undefined) {
    return {
      connectionString: databaseUrl,
      options: sessionOptions,
      ...(isEmbedded(url) && { ssl: false }),
    };
  }
  // The library lets an address's options win over ours as a whole.
  url.searchParams.delete('options');
  return { connectionString: url.href, options: `${own} ${sessionOptions}` };
}

/** An address as the embedded stack makes it (src/stack/addresses.ts): nobody else has such a user and password. */
export function isEmbeddedAddress(databaseUrl: string): boolean {
  return isEmbedded(URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined);
}

function isEmbedded(url: URL | undefined): boolean {
  return (
    url !== undefined &&
    url.hostname === '127.0.0.1' &&
    url.username === 'sevenfold' &&
    /^[0-9a-f]{48}$/.test(url.password) &&
    url.search === ''
  );
}
