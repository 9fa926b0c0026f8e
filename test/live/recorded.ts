/** The recorded bodies of ../shared/data/live: one route a line, the first that matches wins (its README.md). */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { sharedData } from '../support/shared-data.ts';

export interface Route {
  provider: string;
  method: string;
  path: string;
  query?: Record<string, string>;
  body_has?: string;
  status: number;
  type: string;
  headers?: Record<string, string>;
  file: string;
}

export interface Recorded {
  find(provider: string, method: string, url: URL, body: string): { route: Route; bytes: Buffer } | undefined;
}

/** Undefined where they are not there. */
export function recordedBodies(): Recorded | undefined {
  const folder = sharedData('live');
  if (!existsSync(path.join(folder, 'routes.json'))) return undefined;
  const routes = JSON.parse(readFileSync(path.join(folder, 'routes.json'), 'utf8')) as Route[];
  return {
    find(provider, method, url, body) {
      const asked = decodeURIComponent(url.pathname);
      const route = routes.find(
        (each) =>
          (each.provider === provider || each.provider === 'any') &&
          each.method === method &&
          each.path === asked &&
          Object.entries(each.query ?? {}).every(([name, value]) => url.searchParams.get(name) === value) &&
          (each.body_has === undefined || body.includes(each.body_has)),
      );
      return route === undefined ? undefined : { route, bytes: readFileSync(path.join(folder, route.file)) };
    },
  };
}
