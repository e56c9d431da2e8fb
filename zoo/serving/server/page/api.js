// What is asked of the server. What it refuses is an Error in its own words.

let token = "";  // kept here and nowhere else

export const use = given => { token = given.trim(); };

const ask = async (path, { body, ...options } = {}) => {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const asked = { headers, ...options };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    Object.assign(asked, { method: "POST", body: JSON.stringify(body) });
  }
  let response;
  try {
    response = await fetch(path, asked);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server cannot be reached.");
  }
  if (!response.ok) throw Object.assign(new Error(await reason(response)), { status: response.status });
  return response;
};

const reason = async response => {
  if (response.status === 401) return "This server wants its token: write it above, then press Use.";
  try {
    return (await response.json()).error;
  } catch {
    return `The server answered ${response.status} ${response.statusText}.`;
  }
};

export const get = async (path, options) => {
  const response = await ask(path, options);
  return response.status === 204 ? {} : response.json();
};

// Whether a model has signatures.
export const has = (...names) => model => names.every(name => name in model.signatures);

export const address = model => `/v1/models/${encodeURIComponent(model.name)}`;

// The rows of an answer to rows of inputs, in order.
export const predict = async (model, signature, rows, signal) => {
  const body = { signature_name: signature, instances: rows };
  return (await get(`${address(model)}:predict`, { body, signal })).predictions;
};

// Server-sent events as they come: { text, num_tokens }, and more in the last.
export const stream = async function* (path, given, signal) {
  const response = await ask(path, { body: { ...given, stream: true }, signal });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = JSON.parse(event.split("\n").find(line => line.startsWith("data: ")).slice(6));
      if (event.startsWith("event: error")) throw new Error(data.error);
      yield data;
    }
  }
};
