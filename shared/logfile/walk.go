package logfile

import "bytes"

// frame is an envelope that is open.
type frame uint8

const (
	list  frame = iota // an array: elements
	rest               // an object whose list was read: all other members are skipped
	graph              // an object that began with an @ name: its "value" is a list
)

// maxFrames bounds envelopes inside envelopes; package entralog allows four lists, each in an object.
const maxFrames = 8

// kind says what the walker found.
type kind uint8

const (
	whole  kind = iota // a record
	short              // nothing whole any more: more bytes are needed, from begin on
	damage             // a stretch that is no record, and why
)

// step is what the walker found: where it begins and ends.
type step struct {
	kind       kind
	begin, end int
	why        string
}

// walker finds records, and blanks out the envelopes around them, so that records may be decoded together.
type walker struct {
	frames []frame
}

var byteOrderMark = []byte("\ufeff")

// top reports whether no envelope is open.
func (w *walker) top() bool { return len(w.frames) == 0 }

// next finds the next record from i on. Last says that no bytes will follow.
func (w *walker) next(b []byte, i int, last bool) step {
	for i < len(b) {
		switch c := b[i]; {
		case c <= ' ':
			i++
		case c == ',':
			b[i] = ' '
			i++
		case c == 0xef && bytes.HasPrefix(b[i:], byteOrderMark):
			i += copy(b[i:], "   ")
		case w.closes(c):
			w.frames = w.frames[:len(w.frames)-1]
			b[i] = ' '
			i++
		case !w.top() && w.frames[len(w.frames)-1] != list:
			n, ok, at := w.member(b, i, last)
			if !ok {
				return w.broken(b, i, at, last)
			}
			i = n
		default:
			n, ok := w.open(b, i)
			if !ok {
				return w.record(b, i, last)
			}
			i = n
		}
	}
	return step{kind: short, begin: i, end: i}
}

func (w *walker) closes(c byte) bool {
	return !w.top() && (c == ']') == (w.frames[len(w.frames)-1] == list) && (c == ']' || c == '}')
}

// open enters an envelope that begins at i, and reports whether one does.
func (w *walker) open(b []byte, i int) (int, bool) {
	if len(w.frames)+2 > maxFrames {
		return i, false
	}
	if b[i] == '[' {
		w.frames = append(w.frames, list)
		b[i] = ' '
		return i + 1, true
	}
	if b[i] != '{' {
		return i, false
	}
	name, value := firstName(b, i)
	switch {
	case value < len(b) && b[value] == '[' && (name == "records" || name == "value"):
		w.frames = append(w.frames, rest, list)
		wipe(b[i : value+1])
		return value + 1, true
	case name == "@odata.context" || name == "@odata.count" || name == "@odata.nextLink" || name == "@odata.deltaLink":
		w.frames = append(w.frames, graph)
		b[i] = ' '
		return i + 1, true
	}
	return i, false
}

// firstName returns the first name of an object, and where its value begins: behind the end when that is not known.
func firstName(b []byte, i int) (name string, value int) {
	from := space(b, i+1)
	if from >= len(b) || b[from] != '"' {
		return "", len(b)
	}
	to := from + 1
	for to < len(b) && to-from <= len("@odata.deltaLink") && b[to] != '"' && b[to] != '\\' {
		to++
	}
	if to >= len(b) || b[to] != '"' {
		return "", len(b)
	}
	value = space(b, to+1)
	if value >= len(b) || b[value] != ':' {
		return "", len(b)
	}
	return string(b[from+1 : to]), space(b, value+1)
}

// isTables reports whether a result of Log Analytics begins here.
func isTables(b []byte) bool {
	i := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	name, _ := firstName(b, i)
	return name == "tables"
}

// member blanks out a member of an envelope, or enters its list. Like value, it says where it saw that there is none.
func (w *walker) member(b []byte, i int, last bool) (end int, ok bool, at int) {
	if b[i] != '"' {
		return i, false, i
	}
	end, ok, at = text(b, i)
	if !ok {
		return i, false, at
	}
	from := space(b, end)
	if from < len(b) && b[from] != ':' {
		return i, false, from
	}
	if from = space(b, min(from+1, len(b))); from == len(b) {
		return i, false, from
	}
	if w.frames[len(w.frames)-1] == graph && string(b[i:end]) == `"value"` && b[from] == '[' && len(w.frames) < maxFrames {
		w.frames = append(w.frames, list)
		wipe(b[i : from+1])
		return from + 1, true, from
	}
	if end, ok, at = value(b, from, last); !ok {
		return i, false, at
	}
	wipe(b[i:end])
	return end, true, end
}

// wipe writes spaces.
func wipe(b []byte) {
	for i := range b {
		b[i] = ' '
	}
}

func space(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' {
		i++
	}
	return i
}

// record finds the end of the record that begins at i.
func (w *walker) record(b []byte, i int, last bool) step {
	end, ok, at := value(b, i, last)
	if !ok {
		return w.broken(b, i, at, last)
	}
	return step{kind: whole, begin: i, end: end}
}

// broken is what has no end: more bytes may bring it, unless damage was seen before the end of what is there.
func (w *walker) broken(b []byte, i, at int, last bool) step {
	if at >= len(b) && !last {
		return step{kind: short, begin: i, end: i}
	}
	return w.damaged(b, i, at, last)
}

// damaged cuts off a record that cannot be one, as was seen at a place behind its beginning. Reading goes on with the
// next line that begins a record: the first one, because a line that was cut off in the middle swallowed those behind.
func (w *walker) damaged(b []byte, i, at int, last bool) step {
	why := "it is damaged"
	end, ok := nextLine(b, i, min(at+1, len(b)))
	if !ok && at < len(b) {
		end, ok = nextLine(b, at, len(b))
	}
	if !ok && at < len(b) {
		end, ok = nextAlike(b, i)
	}
	switch {
	case ok:
	case last:
		end = len(b)
		if at == len(b) {
			why = "it is cut off: the file ends in the middle of it"
		}
	case len(b)-i < MaxRecord/2:
		return step{kind: short, begin: i, end: i}
	default:
		end = len(b)
	}
	switch n := len(w.frames); {
	case n+2 > maxFrames:
		w.frames = nil // envelopes that never ended
	case n > 0 && w.frames[n-1] != list:
		w.frames = w.frames[:n-1] // what is damaged is the envelope
	}
	return step{kind: damage, begin: i, end: end, why: why}
}
