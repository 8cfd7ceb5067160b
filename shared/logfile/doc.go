// Package logfile cuts exported logs of any size into messages that package entralog decodes, without ever holding a
// file: lines of JSON, one array over many gigabytes, {"records":[...]} and {"value":[...]} documents, pretty-printed or
// not, compressed with gzip or not, and any of these behind one another.
//
// Words used here. A record is one log entry, or whatever stands where one should. An envelope is what surrounds
// records: arrays, {"records":[...]}, Graph's {"value":[...]}. A chunk is a stretch of the stream that holds whole
// records: envelopes are blanked out, so that it is records with space between. Damage is a stretch that is no record:
// a line cut off in the middle, the last record of a truncated file. It is handed over like a chunk, with its place
// and the reason, and reading goes on at the next line that begins a record.
//
// Two things make it fast. Between "}", a line end and "{" there is always the border of a top-level value, because a
// string has no raw line end and inside a value "{" follows only a comma, a colon or a bracket; so lines are cut by
// looking at the end of a buffer only. Everywhere else only strings and the balance of brackets are looked at; whether
// the rest is JSON is the decoder's to say.
//
// Limits: a record has at most MaxRecord bytes. A result of Log Analytics ({"tables":[...]}) is decoded as a whole and
// has at most MaxTables bytes; rows as lines have no limit. Offsets count bytes of the decompressed stream from 0.
package logfile
