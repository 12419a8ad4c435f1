// The official Node SDK against the gateway; what stands behind the gateway is in test_sdk_node.py.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const client = new OpenAI({ baseURL: process.env.GATEWAY, apiKey: 'sk-client', maxRetries: 0, timeout: 20_000 });
const user = (content) => [{ role: 'user', content }];
const HELLO = 'Hello from the other side of the gateway, żółć 😀.';
const tools = [{
  type: 'function',
  function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}];

test('chat', async () => {
  const { data, response } = await client.chat.completions
    .create({ model: 'gpt-4o-mini', messages: user('hello') }).withResponse();
  assert.equal(data.choices[0].message.content, HELLO);
  assert.equal(response.headers.get('x-fluxgate-route'), 'aimock');
});

test('stream', async () => {
  let text = '';
  for await (const chunk of await client.chat.completions.create(
    { model: 'gpt-4o-mini', messages: user('hello'), stream: true })) {
    assert.equal(chunk.choices.length, 1);
    text += chunk.choices[0].delta.content ?? '';
  }
  assert.equal(text, HELLO);
});

test('stream with usage', async () => {
  let usage = null;
  for await (const chunk of await client.chat.completions.create(
    { model: 'gpt-4o-mini', messages: user('hello'), stream: true, stream_options: { include_usage: true } })) {
    usage = chunk.usage ?? usage;
  }
  assert.ok(usage.total_tokens > 0);
});

test('stream accumulator', async () => {
  const final = await client.chat.completions
    .stream({ model: 'gpt-4o-mini', messages: user('hello') }).finalChatCompletion();
  assert.equal(final.choices[0].message.content, HELLO);
  assert.equal(final.choices[0].finish_reason, 'stop');
});

test('tools, plain and streamed, and their results', async () => {
  const plain = await client.chat.completions.create({ model: 'gpt-4o-mini', messages: user('weather'), tools });
  const streamed = await client.chat.completions
    .stream({ model: 'gpt-4o-mini', messages: user('weather'), tools }).finalChatCompletion();
  for (const answer of [plain, streamed]) {
    const { message, finish_reason } = answer.choices[0];
    assert.equal(finish_reason, 'tool_calls');
    assert.deepEqual(message.tool_calls.map((c) => [c.function.name, c.function.arguments]),
      [['get_weather', '{"city":"Paris"}'], ['get_weather', '{"city":"Rome"}']]);
  }
  const called = plain.choices[0].message;
  const results = called.tool_calls.map((c) => ({ role: 'tool', tool_call_id: c.id, content: 'sunny' }));
  const last = await client.chat.completions.create(
    { model: 'gpt-4o-mini', messages: [...user('weather'), called, ...results], tools });
  assert.equal(last.choices[0].message.content, 'It is sunny in Paris.');
});

test('structured output', async () => {
  const Event = z.object({ name: z.string(), date: z.string(), participants: z.array(z.string()) });
  const answer = await client.chat.completions.parse(
    { model: 'gpt-4o-mini', messages: user('event'), response_format: zodResponseFormat(Event, 'event') });
  assert.deepEqual(answer.choices[0].message.parsed,
    { name: 'science fair', date: 'Friday', participants: ['Alice', 'Bob'] });
});

test('vision', async () => {
  const url = 'data:image/png;base64,' + Buffer.alloc(300, 7).toString('base64');
  const answer = await client.chat.completions.create({
    model: 'gpt-4o-mini',
    messages: user([{ type: 'text', text: 'picture' }, { type: 'image_url', image_url: { url } }]),
  });
  assert.equal(answer.choices[0].message.content, 'A very small red square.');
});

test('embeddings, models, moderations', async () => {
  const vectors = await client.embeddings.create(
    { model: 'text-embedding-3-small', input: ['embed me'], encoding_format: 'float' });
  assert.deepEqual(vectors.data[0].embedding, [0.25, -0.5, 1.0]);
  const ids = [];
  for await (const model of client.models.list()) ids.push(model.id);
  assert.ok(ids.includes('gpt-4o-mini') && ids.includes('smart'));
  assert.equal((await client.models.retrieve('smart')).id, 'smart');
  const checked = await client.moderations.create({ model: 'omni-moderation-latest', input: 'x' });
  assert.equal(checked.results[0].flagged, false);
});
