// Package entralog turns the bytes of log messages into events.
//
// It is the product's decoding path: everything an attacker can shape comes through here. It accepts every envelope in
// which Entra, Key Vault, Microsoft Graph and Azure logs are seen (see Decode), goes by a record's category and not by
// the hub that brought it, and never fails on a field it does not need.
//
// Sign-ins, by far the most frequent records, are read in one pass by a scanner of our own (head.go), without
// allocation: strings of their events point into the message. What the records of one exporter have in common is learned
// and from then on passed over in few comparisons, with the same result (shape.go). All other records are rarer and
// varied; they are read into a tree (tree.go) that forgives casing, numbers as strings, and objects as JSON strings.
//
// What cannot be used is never dropped in silence: a record of an unused category is skipped and counted, a record that
// lacks what its kind needs is rejected with its exact bytes, and a message that is not JSON is an error.
package entralog
