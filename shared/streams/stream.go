package streams

import "time"

// remembered is how many hours are remembered: 28 days.
const remembered = 28 * 24

const hour = int64(time.Hour / time.Second)

// stream is what is remembered of one stream. Times are in seconds since 1970; the zero stream has never been seen. Bit
// h%remembered of hours says whether there were records in hour h, for the hours up to that of last.
type stream struct {
	first, last, arrived int64
	hours                [remembered / 8]byte
}

func (s *stream) seen() bool { return s.last != 0 }

// note adds a record. One that claims to be of the future is as old as its arrival.
func (s *stream) note(at, arrived int64) {
	at = min(at, arrived)
	if at <= 0 {
		return
	}
	s.arrived = max(s.arrived, arrived)
	if !s.seen() {
		s.first, s.last = at, at
	}
	s.first = min(s.first, at)
	s.advance(at)
	s.set(at / hour)
}

// advance moves the memory on to a later last record; the hours between had none.
func (s *stream) advance(last int64) {
	if last <= s.last {
		return
	}
	from, to := s.last/hour+1, last/hour
	s.last = last
	if to-from >= remembered {
		clear(s.hours[:])
		return
	}
	for h := from; h <= to; h++ {
		s.hours[h%remembered/8] &^= 1 << (h % 8)
	}
}

func (s *stream) set(h int64) {
	if h > s.last/hour-remembered {
		s.hours[h%remembered/8] |= 1 << (h % 8)
	}
}

// had reports whether there were records in an hour that is remembered.
func (s *stream) had(h int64) bool {
	return h <= s.last/hour && h > s.last/hour-remembered && s.hours[h%remembered/8]&(1<<(h%8)) != 0
}

// merge adds what another memory of the same stream knows.
func (s *stream) merge(o *stream) {
	switch {
	case !o.seen():
		return
	case !s.seen():
		*s = *o
		return
	}
	other := *o
	s.advance(other.last)
	other.advance(s.last)
	for i := range s.hours {
		s.hours[i] |= other.hours[i]
	}
	s.first, s.arrived = min(s.first, other.first), max(s.arrived, other.arrived)
}

// begin is the first hour that is remembered.
func (s *stream) begin() int64 { return max(s.first/hour, s.last/hour-remembered+1) }
