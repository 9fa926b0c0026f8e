import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../src/pages/html.ts';
import type { Html } from '../../src/pages/html.ts';

const hostile = `<script>alert("1")</script>'&`;
const harmless = '&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;';

test('escapes whatever is put in, as text and in an attribute', () => {
  assert.equal(html`<b title="${hostile}">${hostile}</b>`.markup, `<b title="${harmless}">${harmless}</b>`);
});

test('does not escape markup twice', () => {
  assert.equal(html`<p>${html`<b>${'a & b'}</b>`}</p>`.markup, '<p><b>a &amp; b</b></p>');
});

test('escapes inside of lists, and puts nothing between the parts', () => {
  const parts = ['<', html`<b>${1}</b>`, [2, '>']];
  assert.equal(html`${parts}`.markup, '&lt;<b>1</b>2&gt;');
});

test('leaves out what is not there, but not a zero or an empty text', () => {
  assert.equal(html`[${null}${undefined}${false}${0}${''}]`.markup, '[0]');
});

test('an object that only looks like markup is not taken for it', () => {
  const forged = { markup: '<script>' } as unknown as Html;
  assert.throws(() => html`${forged}`);
});
