package watch

import (
	"time"

	"rekey/shared/baseline"
	"rekey/shared/detect"
	"rekey/shared/score"
)

// An address goes through a list when it fails for so many principals within such a time.
const (
	sprayed   = 3
	spraySpan = 72 * time.Hour
)

const (
	sprayFirst = "; the same address fails for other applications, too"
	sprayOther = "; the same address fails for others, too, and was told of with the first"
)

// Spray settles a detection of credentials tried from a strange network, before it is kept, by whom else its address tries. An
// address that goes through a list is told of once, with the principal that came first: else a guesser who knows a hundred
// applications makes a hundred cases of it. Failures from where a principal is known never count as a list: workloads that
// share a way out may fail on one day.
func Spray(x detect.Detection, visits []baseline.Visit) detect.Detection {
	_, mine, ok := Arrival(&x)
	if !ok || !mine.Failed {
		return x
	}
	switch many, first := list(mine, visits); {
	case !many:
	case first:
		x.Statement += sprayFirst
	default:
		x.Level, x.Statement = score.LevelLow, x.Statement+sprayOther
	}
	return x
}

// list reports whether an address goes through a list, and whether a visit of it is the first: the earliest or, of two in the
// same minute, that of the smaller key.
func list(mine baseline.Visit, visits []baseline.Visit) (many, first bool) {
	tried := map[string]bool{mine.Principal: true}
	first = true
	at := mine.Time.Truncate(time.Minute)
	for _, v := range visits {
		if !v.Failed || v.From != mine.From || v.Principal == mine.Principal || v.Time.Sub(at).Abs() > spraySpan {
			continue
		}
		tried[v.Principal] = true
		when := v.Time.Truncate(time.Minute)
		if when.Before(at) || when.Equal(at) && v.Principal < mine.Principal {
			first = false
		}
	}
	return len(tried) >= sprayed, first
}
