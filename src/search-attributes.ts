import type { Connection } from '@temporalio/client';
import { Failure } from './failures.ts';

/** What every workflow of ours can be found by. */
export const searchAttributes = {
  SevenfoldKind: 'Keyword',
  SevenfoldDate: 'Keyword',
  SevenfoldEngine: 'Keyword',
  SevenfoldFailed: 'Int',
} as const;

/** Names keys by it, so that an attribute that is not registered does not compile. */
export type SearchAttribute = keyof typeof searchAttributes;

/**
 * Refuses to go on where one is not registered: an upsert of an unknown attribute fails the workflow task for ever,
 * without an error anyone sees.
 */
export async function assertSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const listed = await connection.operatorService.listSearchAttributes({ namespace });
  const known = listed.customAttributes ?? {};
  const missing = Object.entries(searchAttributes).filter(([name]) => !(name in known));
  if (missing.length === 0) return;
  const commands = missing.map(
    ([name, type]) =>
      `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
  );
  throw new Failure(
    'InvalidInput',
    `Search attributes are missing in namespace ${namespace}. Register them once:\n${commands.join('\n')}`,
  );
}
