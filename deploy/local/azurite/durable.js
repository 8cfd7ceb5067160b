// Preloaded into Azurite (node --require) so that what it acknowledged survives kill -9, as it does in the real service.
//
// Azurite keeps its tables, queues and blob metadata in LokiJS databases that save themselves every five seconds. This
// script remembers every database, and holds the answer to each request that may have changed something until the
// databases are saved. Saves are shared: one runs at a time, and everything that waits while it runs is in the next.
'use strict';

const http = require('http');
const Loki = require('lokijs');

const databases = new Set();
const configure = Loki.prototype.configureOptions; // every database's constructor calls it
Loki.prototype.configureOptions = function (...args) {
  databases.add(this);
  const result = configure.apply(this, args);
  this.autosaveDisable(); // it would take a change's mark away before the change is in the file
  return result;
};

const dirty = (db) => db.collections.some((c) => c.dirty);

const unsaved = new Set(); // databases whose last save failed: their marks are gone, their changes are not

const save = (db) =>
  new Promise((resolve, reject) => {
    unsaved.add(db);
    db.saveDatabase((err) => {
      if (err) {
        reject(err);
        return;
      }
      unsaved.delete(db);
      resolve();
    });
  });

let running = false;
let waiting = [];

async function run() {
  running = true;
  while (waiting.length > 0) {
    const batch = waiting;
    waiting = [];
    let failure = null;
    try {
      await Promise.all([...databases].filter((db) => dirty(db) || unsaved.has(db)).map(save));
    } catch (err) {
      failure = err;
    }
    for (const done of batch) {
      done(failure);
    }
  }
  running = false;
}

function saved(done) {
  waiting.push(done);
  if (!running) {
    run();
  }
}

const end = http.ServerResponse.prototype.end;
http.ServerResponse.prototype.end = function (...args) {
  const method = this.req && this.req.method;
  if (method === 'GET' || method === 'HEAD' || !method) {
    // A queue's messages are taken with GET, which changes their visibility; losing that only delivers them again.
    return end.apply(this, args);
  }
  saved((failure) => {
    if (failure) {
      this.destroy(failure); // not acknowledged: the client tries again
      return;
    }
    end.apply(this, args);
  });
  return this;
};
