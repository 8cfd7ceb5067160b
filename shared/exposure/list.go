package exposure

import "slices"

// list is the newest Reads of one class, in the order of what they are about, and whether there were more than there
// is room for.
type list struct {
	reads []Read
	more  bool
}

// add joins a Read. When there is no room the oldest falls out; see the package comment for why that is associative.
func (l *list) add(r *Read, room int) {
	i, found := slices.BinarySearchFunc(l.reads, r, func(a Read, b *Read) int { return a.compare(b) })
	if found {
		l.reads[i].join(r)
		return
	}
	l.reads = slices.Insert(l.reads, i, *r)
	if len(l.reads) > room {
		i := l.oldest()
		l.reads, l.more = slices.Delete(l.reads, i, i+1), true
	}
}

func (l *list) oldest() int {
	at := 0
	for i := range l.reads {
		if l.reads[i].older(&l.reads[at]) {
			at = i
		}
	}
	return at
}

func (l *list) merge(m *list, room int) {
	for i := range m.reads {
		l.add(&m.reads[i], room)
	}
	l.more = l.more || m.more
}
