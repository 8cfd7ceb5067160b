// Package watch is detection as a whole, in memory: it learns what a log says of each principal, and judges each event
// against the days before it.
//
// A Day judges a principal's sign-ins of one day, Acts what it read, and Conduct what the model does not ask; the stream
// functions use them on each batch. A Watch holds the states
// of all principals and drives Days over a whole log: for `rekey scan`, which reads a log twice and learns before it
// judges, and for `rekey eval`, which learns and judges as it goes. Both see the same scores, because a score looks
// only at the days before its event's.
package watch
