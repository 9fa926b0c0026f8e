import { Storage } from '@google-cloud/storage';
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isAlive } from '../../src/stack/processes.ts';
import { startObjectStore } from '../support/object-store.ts';

const store = await startObjectStore();
await store.buckets('things');
after(() => store.stop());
const bucket = new Storage({ projectId: 'test', apiEndpoint: store.endpoint }).bucket('things');

test('what is written is read and listed, in one piece or in many', async () => {
  await bucket.file('code/one.txt').save('one', { resumable: false });
  const large = Buffer.alloc(3_000_000, 7);
  await bucket.file('code/large.bin').save(large, { resumable: true });
  assert.equal((await bucket.file('code/one.txt').download()).toString(), 'one');
  assert.ok((await bucket.file('code/large.bin').download())[0].equals(large));
  const [files] = await bucket.getFiles({ prefix: 'code/' });
  assert.deepEqual(files.map(({ name }) => name).sort(), ['code/large.bin', 'code/one.txt']);
});

test('"only if absent": of two writers at once one is refused, and so is who comes later', async () => {
  const write = async (content: string): Promise<number> => {
    try {
      const onlyNew = { preconditionOpts: { ifGenerationMatch: 0 } };
      await bucket.file('once').save(content, { resumable: false, ...onlyNew });
      return 200;
    } catch (error) {
      return (error as { code: number }).code;
    }
  };
  const answers = await Promise.all([write('a'), write('b')]);
  assert.deepEqual(answers.sort(), [200, 412]);
  assert.equal(await write('c'), 412);
});

test('a bucket that is there already is no mistake, and it is empty of what was never written', async () => {
  await store.buckets('things', 'others');
  assert.deepEqual(await bucket.file('nothing').exists(), [false]);
});

test('it ends when asked to, and two can run at once', async () => {
  const second = await startObjectStore();
  assert.notEqual(second.endpoint, store.endpoint);
  await second.stop();
  assert.ok(!isAlive(second.pid));
  assert.ok(isAlive(store.pid));
});
