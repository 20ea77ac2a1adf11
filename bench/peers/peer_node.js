// SPDX-License-Identifier: Apache-2.0
//
// The work of `hazard-bench peers` as a Node.js program: npm's mqtt and ioredis, one limit with its
// deadband for each point, an entry in the stream at each crossing.
//
//     node peer_node.js HOST PORT REDIS-SOCKET
'use strict';
const mqtt = require('mqtt');
const Redis = require('ioredis');

const [host, port, socket] = process.argv.slice(2);
const redis = new Redis({ path: socket });
const client = mqtt.connect({ host, port: Number(port), protocol: 'mqtt', protocolVersion: 4, clientId: 'peer', clean: true });
const high = new Map();

client.on('connect', () => client.subscribe('hz/#', { qos: 0 }));
client.on('message', (topic, payload) => {
  const { v } = JSON.parse(payload);
  const point = topic.slice(3); // hz/
  const was = high.get(point) === true;
  const is = v >= (was ? 88 : 90);
  if (is === was) return;
  high.set(point, is);
  redis.xadd('hz:1:{all}:stream', 'MAXLEN', '~', 1000000, '*', 'point', point, 'event', is ? 'raise' : 'clear', 'value', v);
});
