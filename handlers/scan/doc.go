// Package scan is detection over exported logs: `rekey scan` reports what is suspicious in them, with nothing but the
// files; `rekey learn` puts what they teach into the live baseline.
//
// A scan reads its files twice. The first pass learns: every worker has a watch.Watch of its own, and they are merged.
// The second pass judges each event against the days before its own, so that neither the order of the files nor
// records that are there twice change anything. Workers share files by chunks and small files one by one; only counters
// and outputs are shared between them.
//
// What cannot be read twice (standard input, a pipe) is kept in a temporary file, which has no name while it is used
// where the system allows that, and is removed whatever happens.
//
// Chunks are read into buffers that are used again, so an event's strings are gone when the next chunk comes: what may
// be kept is made the worker's own first (keeper).
package scan
