// Package baseline remembers what each principal usually does, as facts that can be merged in any order.
//
// Event Hubs redelivers, its partitions are not keyed by principal, and two instances meet on one principal. So a
// Profile is a join-semilattice (a state-based CRDT): per property at most MaxSlots values, each with the days it was
// active; merging is OR, min and max. The same sign-ins give the same bytes whatever their order, repetition or
// split. Everything else (known or new, probation, expiry, rates) is derived on read by a View, which sees only the
// days before the one that is judged, so a score cannot depend on what else arrived that day.
//
// Words: a day is a UTC day, an hour a UTC hour, both counted from 2020-01-01. A value is held as a keyed hash: an
// intruder chooses his user agent but cannot choose which slot it takes. Only successful sign-ins are observed;
// failures are remembered in Evidence and never teach.
//
// Limits: values active within 60 days; at most 16 values a property, beyond that a keyed sample of 16 and a flag.
// An encoded Profile is at most MaxProfileBytes, encoded Evidence at most MaxEvidenceBytes.
package baseline
