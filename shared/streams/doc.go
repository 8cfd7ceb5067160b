// Package streams knows which logs arrive, so that silence is not taken for peace. An intruder who ends a log is seen by
// no rule that waits for a record; and a question that only a missing log could answer has the answer unknown, not no.
//
// Words. A stream is one category of log or, of Key Vault, one vault's. Its Memory holds facts only: first and last
// record, last arrival, and in which of the last 28 days' hours there were records. It merges in any order. What is
// usual is derived when it is asked for: a stream is silent when it has been quiet for longer than three times the longest
// pause that it made at these hours in the weeks before, and longer than an hour; since hours are all that is remembered
// and exports are late, an hour and a quarter is added.
//
// 28 days and not 7: one week holds each hour of the week once, so that a free weekend, a quiet night and a chance look
// alike. With two weeks or more a pause counts as usual by the hour of the week; with less, the longest pause of all
// counts, and in the first eight days one of a day at least.
//
// Limits. A stream with records in fewer than 12 hours has no norm, and neither has one of less than two days: that is
// not known, and never silent. Public holidays look like a silence by the calendar; such a one is told one level lower.
// Of vaults the 200 newest are remembered; one that fell out is young again when it comes back, and is the one thing
// here that depends on the order of merging.
package streams
