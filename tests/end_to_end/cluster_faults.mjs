// What can happen to a cluster of NATS servers and bridges, one thing after the other. Each fault is over when it
// returns; whether everything works again is for others to see.
import {setTimeout as sleep} from 'node:timers/promises';

// What leaves a server that leads in the belief that it still does.
export const leadersMistaken =
    ['a server is stopped', 'a server is cut off', 'a server is cut off from the others', 'two servers lose each other'];

// A link fails by resets, in silence, or in silence one way.
const waysToFail = ['reset', 'both', 'there', 'back'];

// `nats`: a NatsCluster; `bridges`: as in cluster.mjs; `msMax`: how long a fault lasts at most.
export function faultsOf({nats, bridges, random, msMax}) {
  const lasts = () => sleep(msMax / 4 + random(3 * msMax / 4));
  const oneOf = (list) => list[random(list.length)];
  const server = () => oneOf(nats.servers);
  // Half of the time the one that matters most.
  const importantServer = async () => {
    const leader = random(2) ? await nats.leaderOf(oneOf(nats.streams)) : undefined;
    return leader === undefined ? server() : nats.servers[leader];
  };

  async function failing(links) {
    const way = oneOf(waysToFail);
    for (const link of links) if (way === 'reset') link.reset(); else link.silence(way);
    await lasts();
    for (const link of links) link.heal();
    return way;
  }

  async function killed(program) {
    await program.kill();
    await lasts();
    await program.start();
  }

  async function stopped(program) {
    program.stop();
    await lasts();
    program.goOn();
  }

  return {
    'a server is killed': async () => killed(await importantServer()),
    'a server is stopped': async () => stopped(await importantServer()),
    'a server is cut off': async () =>
      failing(nats.linksOf(nats.servers.indexOf(await importantServer()), {clients: true})),
    'a server is cut off from the others': async () =>
      failing(nats.linksOf(nats.servers.indexOf(await importantServer()))),
    'two servers lose each other': async () => {
      const {from, to} = oneOf(nats.routes);
      return failing(nats.routes.filter((route) => [route.from, route.to].every((end) => [from, to].includes(end)))
          .map(({link}) => link));
    },
    'two servers are killed': async () => {
      const first = server();
      const second = oneOf(nats.servers.filter((other) => other !== first));
      await Promise.all([killed(first), killed(second)]);
    },
    'a bridge is killed': () => killed(oneOf(bridges)),
    'a bridge is stopped': () => stopped(oneOf(bridges)),
    'a bridge is cut off from NATS': () => failing(oneOf(bridges).links),
    'a bridge loses a server': () => failing([oneOf(oneOf(bridges).links)]),
    'a bridge and a server are killed': async () => {
      await Promise.all([killed(oneOf(bridges)), killed(await importantServer())]);
    },
  };
}
