package streams

// norm is what was usual of a stream up to an hour with records.
type norm struct {
	begin, end int64   // hours
	pauses     []int64 // by hour from begin: how many hours without records the pause has that it is in; 0 with records
	longest    int64
}

// hasNorm reports whether there is enough to say what is usual.
func (s *stream) hasNorm() bool {
	if s.last/hour-s.begin() < young {
		return false
	}
	n := 0
	for h := s.begin(); h <= s.last/hour && n < sparse; h++ {
		if s.had(h) {
			n++
		}
	}
	return n >= sparse
}

// norm looks at the hours up to end.
func (s *stream) norm(end int64) norm {
	n := norm{begin: s.begin(), end: end}
	if end < n.begin {
		return n
	}
	n.pauses = make([]int64, end-n.begin+1)
	for h := n.begin; h <= end; h++ {
		if s.had(h) {
			continue
		}
		from := h
		for h+1 <= end && !s.had(h+1) {
			h++
		}
		for x := from; x <= h; x++ {
			n.pauses[x-n.begin] = h - from + 1
		}
		n.longest = max(n.longest, h-from+1)
	}
	return n
}

// silent reports whether a stream whose last record came at last is silent at a moment, and whether only the calendar says
// so: it need not have been quiet for long, but has missed the hours at which it had records in the weeks before.
func (n *norm) silent(last, at int64) (silent, calendar bool) {
	age := n.end - n.begin
	if age < twoWeeks {
		usual := n.longest
		if age < firstWeek {
			usual = max(usual, 24)
		}
		return at-last > allowed(usual), false
	}
	usual := int64(0)
	for h := min(at/hour, n.end+remembered); h > n.end; h-- {
		usual = max(usual, n.weekly(h))
		calendar = calendar || at-max(h*hour, last) > allowed(usual)
	}
	if at-last > allowed(usual) {
		return true, false
	}
	return calendar, calendar
}

const week = 7 * 24

// weekly is the longest pause at this hour of the week in the weeks before; where less than two of them are remembered,
// the longest pause of all.
func (n *norm) weekly(h int64) int64 {
	longest, weeks := int64(0), 0
	for k := int64(1); k <= remembered/week; k++ {
		if x := h - k*week; x >= n.begin && x <= n.end {
			longest = max(longest, n.pauses[x-n.begin])
			weeks++
		}
	}
	if weeks < 2 {
		return n.longest
	}
	return longest
}
