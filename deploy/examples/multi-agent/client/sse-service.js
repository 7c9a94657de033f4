// One answer over EventSource. EventSource comes back by itself when a connection breaks; when it gives up,
// which it does on any answer but a stream, it is tried again: 3 times, after 3, 6 and 9 seconds.
const RECONNECT_ATTEMPTS_MAX = 3;
const RECONNECT_DELAY_MS = 3000;

export class SseService {
  #url;
  #source = null;
  #timer = null;
  #attempts = 0;

  constructor(url = '/api/chat/stream') {
    this.#url = url;
  }

  // Handlers, each optional:
  //   onState(state, detail)  "connecting", "connected", "reconnecting", "done", "failed" or "closed"
  //   onConnect()             the answer begins, possibly anew: forget what there was of it
  //   onMessage(update)       {type: "text" | "tool_call" | "specialist_update", …}
  //   onComplete()
  //   onError(reason)         the answer failed, or there was no connection to be had
  connect(message, handlers) {
    this.disconnect();
    this.#attempts = 0;
    this.#open(message, handlers);
  }

  disconnect() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#timer = this.#source = null;
  }

  #open(message, handlers) {
    const source = new EventSource(`${this.#url}?message=${encodeURIComponent(message)}`);
    this.#source = source;
    handlers.onState?.(this.#attempts ? 'reconnecting' : 'connecting', `attempt ${this.#attempts}`);

    source.addEventListener('connected', () => {
      this.#attempts = 0;
      handlers.onState?.('connected');
      handlers.onConnect?.();
    });
    source.addEventListener('message', (event) => {
      try {
        handlers.onMessage?.(JSON.parse(event.data));
      } catch (error) {
        console.error('an update that is not JSON was skipped:', error);
      }
    });
    source.addEventListener('done', () => {
      this.disconnect();
      handlers.onState?.('done');
      handlers.onComplete?.();
    });
    // Both what the backend says and what the browser says about the connection.
    source.addEventListener('error', (event) => {
      if (event.data !== undefined) {
        this.#fail(JSON.parse(event.data).error, handlers);
      } else if (source.readyState === EventSource.CLOSED) {
        this.#openAgain(message, handlers);
      } else {
        handlers.onState?.('reconnecting', 'by the browser itself');
      }
    });
  }

  #openAgain(message, handlers) {
    if (this.#attempts === RECONNECT_ATTEMPTS_MAX) {
      this.#fail('no connection', handlers);
      return;
    }
    this.#attempts += 1;
    const delay = RECONNECT_DELAY_MS * this.#attempts;
    handlers.onState?.('reconnecting', `in ${delay} ms`);
    this.#timer = setTimeout(() => this.#open(message, handlers), delay);
  }

  #fail(reason, handlers) {
    this.disconnect();
    handlers.onState?.('failed', reason);
    handlers.onError?.(reason);
  }
}
