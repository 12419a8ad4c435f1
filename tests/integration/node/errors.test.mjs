// Error classes, retries and aborts as the official Node SDK sees them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: process.env.GATEWAY, apiKey: 'sk-client', maxRetries: 0, timeout: 20_000 });
const user = (content) => [{ role: 'user', content }];
const ask = (content, more = {}, options = {}) => client.chat.completions.create(
  { model: 'gpt-4o-mini', messages: user(content), ...more }, options);

for (const stream of [false, true]) {
  test(`error classes, stream ${stream}`, async () => {
    await assert.rejects(ask('too long', { stream }), (e) => e instanceof OpenAI.BadRequestError
      && e.code === 'context_length_exceeded');
    await assert.rejects(ask('slow down', { stream }), (e) => e instanceof OpenAI.RateLimitError
      && e.code === 'rate_limit_exceeded' && Number(e.headers.get('retry-after')) >= 1);
    await assert.rejects(ask('broken', { stream }), (e) => e instanceof OpenAI.InternalServerError);
  });
}

test('the gateway\'s own errors', async () => {
  await assert.rejects(ask('x', { model: 'nothing' }), (e) => e instanceof OpenAI.NotFoundError
    && e.code === 'model_not_found' && e.type === 'invalid_request_error');
  await assert.rejects(ask('x', { api_base: 'http://127.0.0.1:1' }), OpenAI.BadRequestError);
  await assert.rejects(client.models.retrieve('nothing'), OpenAI.NotFoundError);
});

test('what the gateway has retried is not retried again', async () => {
  await assert.rejects(ask('unavailable', { model: 'smart' }, { maxRetries: 3 }), OpenAI.InternalServerError);
  // that there was one try is checked by the caller, who sees the upstream
});

test('a broken stream throws', async () => {
  let text = '';
  await assert.rejects(async () => {
    for await (const chunk of await ask('broken stream', { model: 'smart', stream: true })) {
      text += chunk.choices[0]?.delta?.content ?? '';
    }
  }, OpenAI.APIError);
  assert.equal(text, 'onetwo');
});

test('abort in mid-stream', async () => {
  const stream = await ask('endless', { model: 'smart', stream: true });
  let chunks = 0;
  for await (const chunk of stream) {
    assert.ok(chunk.id);
    if (++chunks === 2) stream.controller.abort();
  }
  assert.equal(chunks, 2);
});

test('abort while waiting, and a client timeout', async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 200);
  await assert.rejects(ask('silence', { model: 'smart' }, { signal: controller.signal }), OpenAI.APIUserAbortError);
  await assert.rejects(ask('silence', { model: 'smart' }, { timeout: 300 }), OpenAI.APIConnectionTimeoutError);
});
