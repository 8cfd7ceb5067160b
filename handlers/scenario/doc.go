// Package scenario proves, with tests alone, that raw log messages come out as a case that a reader can follow: every message
// goes through the stream handler, every ring through triage, and triage asks the local Graph with the real client.
//
// A scenario is a txtar file in testdata. Its comment says what happens. Beside testdata/tenant.txtar, which holds the tenant
// that all scenarios share (what it declares, what its directory has, a month of everyday logs), it has
//
//	-- tenant --           what it declares otherwise, one "word value..." a line; see setting
//	-- directory.json --   objects that the directory has beside or instead of the shared ones
//	-- <hub>/<name> --     one message of a hub; a first line "# daily at 02:15 14:15" sends it on every day, with $TIME and $ID
//	-- want --             the detections and cases that must come out: written by go test ./handlers/scenario -update
package scenario
