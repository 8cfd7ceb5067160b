// Package tenant is the make-believe tenant of the local stack: who works in it, what its directory holds, and the
// log records that its ordinary days and one attack leave behind.
//
// Everything follows from a seed: the same seed gives the same ids, and the same day the same bytes, on any machine.
// Nothing is real: addresses and systems are the ones reserved for documentation and benchmarks, companies are
// examples, and certificates have keys that nobody owns.
//
// Words used here. A principal is a workload identity with its habits: where it signs in from (Source), for what
// (Resource), with which credential, when and how often. A record is the bytes that one entry of a log has in an event
// hub, with the hub it belongs to. The victim is the principal that the attack is played on.
//
// What is like reality: the members, spellings and gaps of the records, in the newest shape and for some in the one of
// 2022; the order and spread of time; failures; token ids that join sign-ins with what was done with the token. What
// is not: ordinary life is calm. Without Options.Drift nobody gets a new machine, key or library, so that an alert
// about anybody but the victim is a false one. Weekends are like other days.
package tenant
