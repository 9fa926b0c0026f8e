import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postOnce, sendAlert } from '../../src/notifications/webhook.ts';
import { deadAddress, receiver, secretPath } from '../support/slack-receiver.ts';

test('a message that was taken is sent, once, as JSON', async (t) => {
  const { url, messages } = await receiver(t, 200);
  assert.deepEqual(await postOnce(url, { text: 'Größe & <Maß>' }), { state: 'sent' });
  assert.deepEqual(messages, [{ text: 'Größe & <Maß>' }]);
});

for (const status of [301, 400, 404, 429, 500, 503]) {
  test(`HTTP ${status} is a refusal with its reason`, async (t) => {
    const { url, messages } = await receiver(t, status);
    assert.deepEqual(await postOnce(url, {}), {
      state: 'refused',
      problem: `the webhook answered HTTP ${status} (no_service)`,
    });
    assert.equal(messages.length, 1);
  });
}

test('what a refusal says at length is not repeated', async (t) => {
  const { url } = await receiver(t, (response) => {
    response.writeHead(403).end(`you asked for ${secretPath}`.repeat(1_000));
  });
  assert.deepEqual(await postOnce(url, {}), { state: 'refused', problem: 'the webhook answered HTTP 403' });
});

test('a refused connection is a refusal, and the address is not repeated', async () => {
  const delivery = await postOnce(await deadAddress(), {});
  assert.deepEqual(delivery, {
    state: 'refused',
    problem: 'the webhook cannot be reached (ECONNREFUSED)',
  });
});

test('a name that does not resolve is a refusal, and the name is not repeated', async () => {
  const delivery = await postOnce(`http://hooks.invalid${secretPath}`, {});
  assert.equal(delivery.state, 'refused');
  assert.doesNotMatch(JSON.stringify(delivery), /invalid|SECRET/);
});

test('no answer in time leaves open whether it arrived', async (t) => {
  const { url, messages } = await receiver(t, () => {});
  const delivery = await postOnce(url, {}, 200);
  assert.deepEqual(delivery, {
    state: 'unconfirmed',
    problem: 'the webhook did not answer within 0.2 s',
  });
  assert.equal(messages.length, 1);
});

test('a connection that breaks after the message leaves open whether it arrived', async (t) => {
  const { url } = await receiver(t, (_response, request) => request.socket.destroy());
  const delivery = await postOnce(url, {});
  assert.equal(delivery.state, 'unconfirmed');
  assert.doesNotMatch(JSON.stringify(delivery), /127\.0\.0\.1|SECRET/);
});

test('an alert is one escaped line', async (t) => {
  const { url, messages } = await receiver(t, 200);
  assert.deepEqual(await sendAlert(url, 'daily/files/real <!channel> & more'), { sent: true });
  assert.deepEqual(messages, [{ text: 'daily/files/real &lt;!channel&gt; &amp; more' }]);
});

test('an alert never throws: it answers whether it may be sent again', async (t) => {
  assert.deepEqual(await sendAlert(await deadAddress(), 'late'), {
    sent: false,
    problem: 'the webhook cannot be reached (ECONNREFUSED)',
  });
  const silent = await receiver(t, () => {});
  const open = await sendAlert(silent.url, 'late', { timeoutMs: 200 });
  assert.equal(open.sent, true);
  assert.match(open.problem!, /did not answer/);
  assert.equal((await sendAlert(undefined, 'late')).sent, false);
});

for (const dataset of ['sample', 'sample+parity']) {
  test(`no alert about ${dataset} leaves the machine`, async (t) => {
    const { url, messages } = await receiver(t, 200);
    assert.equal((await sendAlert(url, 'late', { dataset })).sent, false);
    assert.deepEqual(messages, []);
  });
}
