// One answer over POST. The stream comes in pieces that end anywhere, inside a character too.
//   onUpdate(update, type)  each frame's data, parsed, and its event type
//   onProblem(error, data)  data that is not JSON; the frame is skipped
export async function streamChat(message, onUpdate, {
  url = '/api/chat/message', onProblem = console.error, signal,
} = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({message}),
    signal,
  });
  if (!response.ok) throw new Error(`the answer is ${response.status}: ${await response.text()}`);

  const take = (frame) => {
    const {type, data} = parseFrame(frame);
    if (!data) return;
    let update;
    try {
      update = JSON.parse(data);
    } catch (error) {
      onProblem(error, data);
      return;
    }
    onUpdate(update, type);
  };
  let rest = '';
  const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const {done, value} = await pieces.read();
    if (done) return;
    const frames = (rest + value).split('\n\n');
    rest = frames.pop();
    frames.forEach(take);
  }
}

function parseFrame(frame) {
  const data = [];
  let type = 'message';
  for (const line of frame.split('\n')) {
    const [, name, value] = line.match(/^([^:]*):? ?(.*)$/);
    if (name === 'event') type = value;
    if (name === 'data') data.push(value);
  }
  return {type, data: data.join('\n')};
}
