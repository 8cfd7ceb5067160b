// Package trail remembers what was changed in the directory: on an identity, and by it. It answers what no single record
// can: whether an actor does something for the first time, what a principal changed since it was first suspected, who
// prepared it, and which changes belong together.
//
// A Trail belongs to one key: a principal, an application ("app:" and its id), a user ("user:" and his id), or the tenant.
// A change is remembered under its actor's key, as something done By him, and under the key of what was changed, as
// something done On it. Changes of people's accounts, groups, policies and domains are remembered by their actor alone.
//
// A Trail merges in any order, like package baseline's Profile: commutative, associative, idempotent, and equal facts have
// equal bytes. Two things are kept side by side:
//
//   - the newest Entries, each Act of each Side with room of its own, so that a flood of one kind of change cannot push
//     out another. More tells that some fell out.
//   - for every Act, on which of 64 days the key did it, and at which times of day it acts at all.
//
// Names and texts in it were chosen by others; they are cut to printable characters and a length.
package trail
