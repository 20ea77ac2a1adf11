// SPDX-License-Identifier: Apache-2.0
//
// Node-RED for `hazard-bench peers`: no editor, no other flow; ioredis is given to its function node, as its
// settings allow: that costs less than a node for Redis.
'use strict';
const Redis = require('ioredis');

module.exports = {
  flowFile: process.env.PEER_FLOW,
  httpAdminRoot: false,
  httpNodeRoot: false,
  uiHost: '127.0.0.1',
  uiPort: 0,
  functionGlobalContext: { redis: new Redis({ path: process.env.PEER_REDIS }) },
  logging: { console: { level: 'warn' } },
};
