package logfile

import "bytes"

// lastBorder returns the place of the last border between top-level values: behind a "}" and a line end, before a
// "{". It returns 0 when there is none.
func lastBorder(b []byte) int {
	if bytes.IndexByte(b, '\n') < 0 { // far faster than looking from behind
		return 0
	}
	for end := len(b); ; {
		nl := bytes.LastIndexByte(b[:end], '\n')
		if nl < 0 {
			return 0
		}
		if after(b, nl) == '{' && before(b, nl) == '}' {
			return nl + 1
		}
		end = nl
	}
}

// before returns the last byte before i that is no space, or 0.
func before(b []byte, i int) byte {
	for i--; i >= 0; i-- {
		if b[i] > ' ' {
			return b[i]
		}
	}
	return 0
}

// after returns the first byte behind i that is no space, or 0.
func after(b []byte, i int) byte {
	for i++; i < len(b); i++ {
		if b[i] > ' ' {
			return b[i]
		}
	}
	return 0
}

// blank reports whether there is nothing but space.
func blank(b []byte) bool { return after(b, -1) == 0 }

// nextLine returns where, behind i, a line begins with a record, but not behind end; false if none does. Formatters
// indent what is inside a record, so that a line that begins with a brace and a quote is the beginning of one.
func nextLine(b []byte, i, end int) (int, bool) {
	for i < end {
		nl := bytes.IndexByte(b[i:end], '\n')
		if nl < 0 {
			return 0, false
		}
		i += nl + 1
		if i+1 < len(b) && b[i] == '{' && b[i+1] == '"' {
			return i, true
		}
	}
	return 0, false
}

// nextAlike returns where, behind i, another record begins with the same name as the one at i: for lists without line
// ends, whose records all begin alike.
func nextAlike(b []byte, i int) (int, bool) {
	colon := bytes.IndexByte(b[i:min(len(b), i+64)], ':')
	if colon < 4 || b[i] != '{' {
		return 0, false
	}
	n := bytes.Index(b[i+colon:], append([]byte{','}, b[i:i+colon+1]...))
	return i + colon + n + 1, n >= 0
}
