package simulate

// civil is a date and a time of day in UTC.
type civil struct{ year, month, day, hour, minute, second, ticks int64 }

// civilOf takes apart a time given in nanoseconds since 1970; ticks are of 100 ns. It is the usual count of days in
// eras of 400 years that begin in March, much faster than package time.
func civilOf(ns int64) civil {
	days, rest := ns/day, ns%day
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	c := civil{day: doy - (153*mp+2)/5 + 1, month: mp + 3, year: yoe + era*400}
	if c.month > 12 {
		c.month -= 12
		c.year++
	}
	c.hour, c.minute, c.second, c.ticks = rest/hour, rest/minute%60, rest/second%60, rest/100%10_000_000
	return c
}

// two writes two digits.
func two(b []byte, n int64) { b[0], b[1] = byte('0'+n/10), byte('0'+n%10) }

// seconds adds 2006-01-02T15:04:05.
func (c civil) seconds(b []byte) []byte {
	t := [19]byte{4: '-', 7: '-', 10: 'T', 13: ':', 16: ':'}
	two(t[0:], c.year/100)
	two(t[2:], c.year%100)
	two(t[5:], c.month)
	two(t[8:], c.day)
	two(t[11:], c.hour)
	two(t[14:], c.minute)
	two(t[17:], c.second)
	return append(b, t[:]...)
}

// fraction adds seven digits.
func (c civil) fraction(b []byte) []byte {
	t := [8]byte{'.'}
	for i, n := 7, c.ticks; i > 0; i-- {
		t[i] = byte('0' + n%10)
		n /= 10
	}
	return append(b, t[:]...)
}

// exported adds the time stamp at the top of a record: seven digits, and Z.
func (p *pen) exported(ns int64) {
	c := civilOf(ns)
	p.b = append(c.fraction(c.seconds(p.b)), 'Z')
}

// happened adds the time stamp in the properties: an offset, and no trailing zeros.
func (p *pen) happened(ns int64) {
	c := civilOf(ns)
	p.b = c.seconds(p.b)
	if c.ticks > 0 {
		p.b = c.fraction(p.b)
		for p.b[len(p.b)-1] == '0' {
			p.b = p.b[:len(p.b)-1]
		}
	}
	p.s("+00:00")
}

// american adds the time stamp that some exports have: 11/14/2025 1:48:53 AM.
func (p *pen) american(ns int64) {
	c := civilOf(ns)
	p.n(c.month)
	p.s("/")
	p.n(c.day)
	p.s("/")
	p.n(c.year)
	p.s(" ")
	p.n((c.hour+11)%12 + 1)
	t := [6]byte{0: ':', 3: ':'}
	two(t[1:], c.minute)
	two(t[4:], c.second)
	p.b = append(p.b, t[:]...)
	p.s([]string{" AM", " PM"}[c.hour/12])
}
