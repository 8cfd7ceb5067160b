// Package bench measures Rekey's decoding path beside the best JSON libraries for Go, in the same run and on the same
// bytes. It is a module of its own, so that the product's go.mod stays free of these libraries.
//
// To repeat it, on one core:
//
//	cd deploy/bench
//	go test .                                                             # every decoder finds the same in every record
//	go test -run '^$' -bench Table -benchtime 1x -cpu 1                   # the table and the ratios, in a minute
//	go test -run '^$' -bench 'Score/Rekey$' -cpu 1 -cpuprofile cpu.out    # one of them, to profile it
//
// The table interleaves the decoders, round by round, and keeps each one's best round. Times are processor time of the
// whole process, so that what else runs on the machine counts little; still, only ratios of one run mean anything.
//
// What is measured is "decode, extract and score": a hub message in, for each record an event.Event, its
// baseline.Values and its score.Score out. Rekey reads the message with entralog.Decoder. A library reads it into the
// struct, or walks to the fields, that hold what entralog takes from a sign-in; from there on all run the same code:
// the same hasher, profiles and model, and event times read by entralog.ParseTime. Principals are known and show what
// they always show, as nearly all sign-ins do, so that scoring finds nothing. "Rekey-invocation" begins one step
// earlier, with the invocation body as the Functions host sends it: events in base64 in a JSON string.
//
// The corpus is made from a seed: 20,000 sign-ins of 1.5 to 2.9 KB in the shapes of 2022 and 2025, in messages of 1 to
// 100 records. It is larger than the caches.
//
// Libraries are set up to be as fast as they can be while still giving the same answer: exact names of fields, strings
// that point into the message where the library can do that, parsers and structs used again from message to message.
// sonic's faster decoder is behind an environment variable that it reads at start, so the tests start themselves again
// with SONIC_USE_OPTDEC=1; set it to 0 to measure its other decoder.
package bench
