// The connection to the engine: a stream of states that comes back by itself, and commands.
// Knows nothing of what is shown. `fetch` and not EventSource, because that hides the status
// of a refused request, and a session that has ended must not be retried for ever.

const FIRST_WAIT = 500;
const LONGEST_WAIT = 15000;

export class Live {
  // `heard(state)`, `changed({state: "open" | "lost" | "ended", wait})`
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    this.silence = 15000;
    this.wait = FIRST_WAIT;
    this.timer = null;
    this.abort = null;
  }

  async start() {
    clearTimeout(this.timer);
    this.abort?.abort();
    const abort = (this.abort = new AbortController());
    try {
      const response = await fetch("events", { signal: abort.signal, cache: "no-store" });
      if (response.status === 401) return this.changed({ state: "ended" });
      if (!response.ok) throw new Error(`status ${response.status}`);
      await this.read(response.body.getReader(), abort);
    } catch {
      // Whatever broke: the answer is the same, to say so and to try again.
    }
    if (abort === this.abort) this.again();
  }

  async read(reader, abort) {
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const watchdog = setTimeout(() => abort.abort(), this.silence);
      const { done, value } = await reader.read().finally(() => clearTimeout(watchdog));
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const events = text.split("\n\n");
      text = events.pop();
      const data = events.filter((event) => event.startsWith("data: "));
      this.wait = FIRST_WAIT;
      this.changed({ state: "open" });
      // Of several that came at once only the newest is worth drawing.
      if (data.length) this.heard(JSON.parse(data.at(-1).slice(6)));
    }
  }

  again() {
    const wait = this.wait * (0.75 + Math.random() / 2);
    this.wait = Math.min(LONGEST_WAIT, this.wait * 2);
    this.changed({ state: "lost", wait });
    this.timer = setTimeout(() => this.start(), wait);
  }

  retry() {
    this.wait = FIRST_WAIT;
    this.start();
  }

  // The engine's answer, {ok, message}; never throws.
  async command(name, args = {}) {
    // Not crypto.randomUUID: browsers keep that from pages without encryption.
    const id = `page-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
    try {
      const response = await fetch("command", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id, name, arguments: args }),
      });
      if (response.status === 401) {
        this.changed({ state: "ended" });
        return { ok: false, message: "this page's session has ended" };
      }
      return await response.json();
    } catch {
      return { ok: false, message: "the command did not reach the engine" };
    }
  }
}
