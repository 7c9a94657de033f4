// Headless Chromium, and pages that listen with its own EventSource.
import {chromium} from 'playwright-core';
import {Feed, startWebServer, within} from './harness.mjs';

export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
export const browserArgs = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];

export async function startBrowser(t) {
  const browser = await chromium.launch({executablePath, args: browserArgs, headless: true, timeout: 60_000});
  t.after(() => within(15_000, browser.close(), 'Chromium closes'));
  return browser;
}

// A page of an origin of its own, which may set a cookie first.
export async function openPage(t, browser, {url, cookie} = {}) {
  if (!url) {
    const web = await startWebServer(t, (request, response) => {
      response.writeHead(200, {
        'content-type': 'text/html', ...(cookie ? {'set-cookie': `${cookie}; Path=/`} : {}),
      });
      response.end('<!doctype html><title>page</title>');
    });
    url = `${web.origin}/`;
  }
  const context = await browser.newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  return {page, origin: new URL(url).origin};
}

// Opens an EventSource in the page. Everything it fires comes into `events` as {type, data, id}; "open" and
// "error" as {type, state}. `requests` holds what the browser really sent.
export async function listen(t, page, url, {types = [], withCredentials = false} = {}) {
  const events = new Feed();
  const requests = [];
  const network = await page.context().newCDPSession(page);
  await network.send('Network.enable');
  network.on('Network.requestWillBeSentExtraInfo', ({headers}) => requests.push(headers));
  const name = `report${Math.random().toString(36).slice(2)}`;
  await page.exposeFunction(name, (event) => events.push(event));
  await page.evaluate(({url, types, withCredentials, name}) => {
    const source = new EventSource(url, {withCredentials});
    window.source = source;
    for (const type of [...types, 'message', 'connect', 'gap']) {
      source.addEventListener(type, (event) => window[name](
          {type, data: event.data, id: event.lastEventId}));
    }
    source.addEventListener('open', () => window[name]({type: 'open', state: source.readyState}));
    source.addEventListener('error', ({data}) => window[name](
        {type: 'error', state: source.readyState, data}));
  }, {url, types, withCredentials, name});
  t.after(() => page.evaluate(() => window.source?.close()).catch(() => {}));
  return {
    events, requests,
    received: (type, count, ms = 20_000) => events.when((items) => {
      const found = items.filter((event) => event.type === type);
      return found.length >= count && found;
    }, `${count} events "${type}"`, ms),
    state: () => page.evaluate(() => window.source.readyState),
  };
}

export const CLOSED = 2;
