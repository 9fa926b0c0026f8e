/** A search that is killed in the middle of three of its trials: the parameters, and so the model, of an undisturbed one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { arm } from '../../chaos/harness.ts';
import { startSharedTrainingRig } from '../../support/training-rig.ts';

const search = ['--models', 'lightgbm', '--trials', '20', '--parallel', '2', '--folds', '2'];
// Small trees: what is killed here is told apart by its parameters, not by how well they fit.
const small = ['--params', 'lightgbm.trees=5..20'];
const killedIn = [3, 7, 12];

/** The batch, of a fit that it forked. */
function parentOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\)/, '').trim().split(' ')[1]);
}

test('a search of 20 trials that is killed in trials 3, 7 and 12 comes to the same model', async (t) => {
  const rig = await startSharedTrainingRig(200);
  t.after(() => rig.takeDown());
  const train = () => rig.train(...search, ...small);
  const attempts = async (): Promise<number> => {
    const { rows } = await rig.database.query<{ batches: number }>(
      `select count(*)::integer as batches from batches where job = 'training_fit'`,
    );
    return rows[0]!.batches;
  };
  const whole = await train().end;
  assert.equal(whole.exitCode, 0, whole.stderr);
  assert.equal(await attempts(), 1);
  const undisturbed = await rig.trainingChecksum();

  await rig.forgetFrom('profile');
  let armed = await arm(rig, 'fit-running', `lightgbm, trial ${killedIn[0]},`);
  const { end } = train();
  for (const [at] of killedIn.entries()) {
    const pid = await armed.hit;
    const batch = parentOf(pid);
    const next = killedIn[at + 1];
    if (next !== undefined) armed = await arm(rig, 'fit-running', `lightgbm, trial ${next},`);
    process.kill(batch, 'SIGKILL');
  }
  const { exitCode, result, stderr } = await end;
  assert.equal(exitCode, 0, `${stderr} ${JSON.stringify(result)}`);
  assert.equal(await attempts(), 1 + 1 + killedIn.length, 'each kill ended a batch');
  assert.equal(await rig.trainingChecksum(), undisturbed);
  assert.deepEqual(rig.orphans(), []);

  const again = await train().end;
  assert.equal(again.result.alreadyComplete, true);
  assert.equal(await attempts(), 2 + killedIn.length, 'nothing was sent again');
});
