import assert from 'node:assert/strict';
import type { SlackMessage } from '../../src/notifications/message.ts';

/** Slack's limits, as its documentation of Block Kit has them; beyond one of them the whole message is refused. */
export function assertSlackTakes({ text, blocks }: SlackMessage): void {
  assert.ok(text.length > 0 && text.length <= 3_000, `text of ${text.length}`);
  assert.ok(blocks.length > 0 && blocks.length <= 50, `${blocks.length} blocks`);
  for (const block of blocks) {
    switch (block.type) {
      case 'header':
        assert.equal(block.text.type, 'plain_text');
        within(block.text.text, 150);
        break;
      case 'section': {
        assert.ok(block.text !== undefined || block.fields !== undefined, 'a section of nothing');
        if (block.text !== undefined) mrkdwn(block.text.text, 3_000);
        if (block.fields !== undefined) {
          assert.ok(block.fields.length >= 1 && block.fields.length <= 10, `${block.fields.length} fields`);
          for (const field of block.fields) mrkdwn(field.text, 2_000);
        }
        break;
      }
      case 'context':
        assert.ok(block.elements.length >= 1 && block.elements.length <= 10);
        for (const element of block.elements) {
          if (element.type === 'mrkdwn') mrkdwn(element.text, 3_000);
        }
        break;
      case 'divider':
        break;
    }
  }
}

function within(text: string, limit: number): void {
  assert.ok(text.length >= 1 && text.length <= limit, `${text.length} of ${limit} characters`);
}

function mrkdwn(text: string, limit: number): void {
  within(text, limit);
  assert.doesNotMatch(text, /[<>]|&(?!amp;|lt;|gt;)/, 'an unescaped character');
  assert.equal((text.match(/```/g)?.length ?? 0) % 2, 0, 'a code block that does not end');
  assert.doesNotMatch(text, /NaN|undefined|null|Infinity|\[object/);
}
