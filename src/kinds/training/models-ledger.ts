import type { Database } from '../../database/pool.ts';
import { Failure } from '../../failures.ts';

/** A model as the ledger knows it; its files lie below `root`. */
export interface Model {
  modelId: string;
  name: string;
  task: string;
  target: string | null;
  label: string;
  files: { name: string; bytes: number; sha256: string }[];
  root: string;
  about: Record<string, unknown>;
  createdAt: Date;
  retiredAt: Date | null;
  retiredReason: string | null;
}

const columns = `model_id as "modelId", name, task, target, label, files, root, about, created_at as "createdAt",
  retired_at as "retiredAt", retired_reason as "retiredReason"`;

/** The newest first. */
export async function listModels(database: Database): Promise<Model[]> {
  return (await database.query<Model>(`select ${columns} from models order by created_at desc, model_id`))
    .rows;
}

/** By its id or by the beginning of it that no other has. InvalidInput where there is none, or several. */
export async function findModel(database: Database, id: string): Promise<Model> {
  const found = await database.query<Model>(
    `select ${columns} from models where starts_with(model_id, left($1, 16)) order by created_at desc limit 2`,
    [id],
  );
  const [model, another] = found.rows;
  if (model === undefined) {
    throw new Failure('InvalidInput', `There is no model ${id}. Run: sevenfold models list`);
  }
  if (another !== undefined) {
    throw new Failure('InvalidInput', `Several models begin with ${id}: give more of the id.`);
  }
  return model;
}

/** One that may be applied: InvalidInput, with the reason, for one that was retired. */
export async function usableModel(database: Database, id: string): Promise<Model> {
  const model = await findModel(database, id);
  if (model.retiredAt !== null) {
    throw new Failure(
      'InvalidInput',
      `Model ${model.modelId} was retired on ${model.retiredAt.toISOString().slice(0, 10)}: ${model.retiredReason}. Take another: sevenfold models list`,
    );
  }
  return model;
}

/** Keeps its files and all that was made with it, and lets nobody apply it from now on. Safe to repeat. */
export async function retireModel(database: Database, id: string, reason: string): Promise<Model> {
  const { modelId } = await findModel(database, id);
  await database.query(
    'update models set retired_at = coalesce(retired_at, now()), retired_reason = $2 where model_id = $1',
    [modelId, reason],
  );
  return findModel(database, modelId);
}
