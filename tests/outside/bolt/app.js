// An application on Bolt for JavaScript as its guides show it; nothing in it knows a simulator.
// It writes what it heard and what came of it to standard output, one JSON object on a line.
const { App } = require('@slack/bolt');

const say = (what, details = {}) => process.stdout.write(`${JSON.stringify({ what, ...details })}\n`);
const isSocket = process.env.MODE === 'socket';
const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  ...(isSocket ? { socketMode: true, appToken: process.env.SLACK_APP_TOKEN } : { signingSecret: process.env.SLACK_SIGNING_SECRET }),
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

const plain = (text) => ({ type: 'plain_text', text });
const form = (title) => ({
  type: 'modal',
  callback_id: 'ticket_form',
  title: plain(title),
  submit: plain('File'),
  notify_on_close: true,
  blocks: [
    { type: 'input', block_id: 'title', label: plain('Title'), element: { type: 'plain_text_input', action_id: 'title' } },
    { type: 'input', block_id: 'area', label: plain('Area'), element: { type: 'external_select', action_id: 'area', min_query_length: 0 } },
  ],
});
const buttons = [
  { type: 'section', text: { type: 'mrkdwn', text: 'Take it?' } },
  { type: 'actions', elements: [{ type: 'button', action_id: 'take', text: plain('Take'), value: '7' }] },
];

app.command('/ticket', async ({ command, ack, respond, client }) => {
  await ack();
  say('command', { text: command.text, user: command.user_id, channel: command.channel_name });
  if (command.text === 'form') {
    const { view } = await client.views.open({ trigger_id: command.trigger_id, view: form('Ticket') });
    say('opened', { type: view.type });
  } else {
    await respond({ response_type: 'in_channel', text: 'A ticket', blocks: buttons });
  }
});
app.shortcut('new_ticket', async ({ shortcut, ack, client }) => {
  await ack();
  say('shortcut', { type: shortcut.type });
  await client.views.open({ trigger_id: shortcut.trigger_id, view: form('Shortcut') });
});
app.shortcut('from_message', async ({ shortcut, ack, respond }) => {
  await ack();
  say('message_action', { text: shortcut.message.text });
  await respond({ text: `Noted: ${shortcut.message.text}` });
});
app.options('area', async ({ payload, ack }) => {
  say('options', { query: payload.value });
  await ack({ options: [{ text: plain('Network'), value: 'network' }, { text: plain('Storage'), value: 'storage' }] });
});
app.view('ticket_form', async ({ ack, view, body, client }) => {
  const title = view.state.values.title.title.value;
  const area = view.state.values.area.area.selected_option.value;
  if (title === 'bad') {
    await ack({ response_action: 'errors', errors: { title: 'Not this one' } });
    say('refused');
    return;
  }
  await ack();
  say('submitted', { title, area });
  await client.chat.postMessage({ channel: body.user.id, text: `Filed: ${title}` });
});
app.view({ callback_id: 'ticket_form', type: 'view_closed' }, async ({ ack }) => {
  await ack();
  say('closed');
});
app.action('take', async ({ action, ack, respond, body }) => {
  await ack();
  say('action', { value: action.value, user: body.user.id });
  await respond({ replace_original: true, text: 'Taken' });
});
app.message(/hello/, async ({ message, say: post }) => {
  say('message', { text: message.text, type: message.channel_type });
  await post({ text: `Hi <@${message.user}>`, thread_ts: message.ts });
});
app.event('app_mention', async ({ event, client }) => {
  say('app_mention', { text: event.text });
  await client.reactions.add({ channel: event.channel, timestamp: event.ts, name: 'eyes' });
  const { files } = await client.filesUploadV2({
    channel_id: event.channel, filename: 'log.txt', title: 'Log', file: Buffer.from('line\n'), initial_comment: 'Here',
  });
  say('uploaded', { count: files.length });
  const { messages } = await client.conversations.history({ channel: event.channel, limit: 5 });
  say('history', { texts: messages.map((each) => each.text) });
});
app.event('app_home_opened', async ({ event, client }) => {
  say('home', { tab: event.tab });
  await client.views.publish({ user_id: event.user, view: { type: 'home', blocks: buttons } });
});
app.error(async (error) => say('error', { message: String(error.message) }));

(async () => {
  await app.start(isSocket ? undefined : Number(process.env.PORT));
  const { user, team_id: team } = await app.client.auth.test();
  const { channels } = await app.client.conversations.list({ types: 'public_channel' });
  const found = [];
  for await (const page of app.client.paginate('users.list', { limit: 2 })) found.push(...page.members.map((each) => each.name));
  say('started', { user, team, channels: channels.map((each) => each.name), people: found.length });
})().catch((error) => {
  say('failed', { message: String(error.message) });
  process.exit(1);
});
