// Package exposure is the index of what each workload identity has read that opens other doors: Key Vault secrets, keys
// of storage accounts and web applications handed out by Azure Resource Manager, and the few Graph calls that give power.
// After a compromise it answers what has to be rotated first; before one it says what is new (Catalogue, one rule a file).
//
// An Index belongs to one principal and merges in any order, like package baseline's Profile: commutative, associative,
// idempotent, and equal facts have equal bytes. Names are kept as text, because people must read them; they are cut to
// printable characters and a length.
//
// Words: an object is a secret, key or certificate of a vault ("payroll/secrets/db"), an Azure resource, or a Graph
// call. An origin is where a caller is: the autonomous system or, where that is unknown, the network prefix. A Read is
// what happened to one object from one origin on the newest day that it happened. Keyed by origin, an intruder's read
// of a secret is not overwritten by what its owner does with it every day from somewhere else.
//
// Two things are kept side by side, because no single bounded structure can do both:
//
//   - the newest Reads, as many as each Class has room for. The order is by newest day and then by key, and a Read holds
//     that newest day's facts only. Whatever falls out has enough others above it in any union, so it does not matter
//     when it fell out: that is what keeps merging associative. A "first read" time in the same place would not be.
//   - what was ever seen, as keyed hashes with first day, last day and the days between (seen.go). When there is no room
//     for all of them the smallest hashes stay, and then the answer to "is it new?" may be "unknown", but never wrong.
//
// Limits: an encoded Index is at most MaxBytes; only upkeep forgets, by date (Forget). A person's access to a vault
// is the person's and not the application's he used, and is not observed. Of people only what they do with developer clients
// is kept, in an Index of their own (Who).
package exposure
