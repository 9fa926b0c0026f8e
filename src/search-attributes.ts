import type { Connection } from '@temporalio/client';
import { Failure } from './failures.ts';

/** What every workflow of ours can be found by. */
export const searchAttributes = {
  SevenfoldKind: 'Keyword',
  SevenfoldDate: 'Keyword',
  SevenfoldEngine: 'Keyword',
  SevenfoldFailed: 'Int',
} as const;

/** Temporal's numbers for the types above (temporal.api.enums.v1.IndexedValueType). */
const indexedValueTypes = { Keyword: 2, Int: 3 } as const;

type Attribute = [name: string, type: keyof typeof indexedValueTypes];

async function missingAttributes(connection: Connection, namespace: string): Promise<Attribute[]> {
  const listed = await connection.operatorService.listSearchAttributes({ namespace });
  const known = listed.customAttributes ?? {};
  return Object.entries(searchAttributes).filter(([name]) => !(name in known));
}

/** Registers what is missing; safe to repeat. For servers that are ours: the embedded one and those of tests. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = await missingAttributes(connection, namespace);
  if (missing.length > 0) await addSearchAttributes(connection, namespace, Object.fromEntries(missing));
}

export async function addSearchAttributes(
  connection: Connection,
  namespace: string,
  attributes: Record<string, Attribute[1]>,
): Promise<void> {
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, type]) => [name, indexedValueTypes[type]]),
    ),
  });
}

/**
 * Refuses to go on where one is not registered: an upsert of an unknown attribute fails the workflow task for ever,
 * without an error anyone sees.
 */
export async function assertSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const missing = await missingAttributes(connection, namespace);
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
