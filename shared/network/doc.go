// Package network says what is known about an address: its autonomous system, its country and what kind of network it
// is. Entra's records usually lack the first and never have the last, and the detection lives on both.
//
// Three sources are joined, from the surest to the weakest:
//
//   - the record itself, which is never overwritten;
//   - the address table (Load), one row a range of addresses, made by `make network-table` from openly licensed data
//     or brought by the user;
//   - the kind of network (Class): hosting.csv, compiled by hand, and where it is silent, words in the holder's name.
//
// The user's own egress ranges (Own) stand above all: they are declared, not learned.
//
// The limits. A table ages: Built says from when it is, so that somebody can be told. Country is where the range is
// registered, which for clouds is often not where the machine stands. A residential proxy looks like a home.
package network
