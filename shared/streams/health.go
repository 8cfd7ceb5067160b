package streams

import "time"

// State is what is known of a stream.
type State string

// The states.
const (
	Flowing   State = "flowing"
	Silent    State = "silent"
	NeverSeen State = "neverSeen"
	NotKnown  State = "notKnown" // too young or too sparse for a norm
)

// Status is a stream's state at a time.
type Status struct {
	Category string
	Vault    string // of Vaults only: one vault
	State    State
	Since    time.Time     // the last record
	Usual    time.Duration // the longest pause remembered, in whole hours without a record
	// Calendar says that it is silent only because there were records at these hours in the weeks before: on a public
	// holiday that is so, too.
	Calendar bool
}

// Health answers which streams arrive. It is a value: the Memory it was made of must not be changed any more.
type Health struct {
	memory *Memory
	now    time.Time
}

// Health returns what the memory says at a time. A nil Memory has seen nothing.
func (m *Memory) Health(now time.Time) Health {
	if m == nil {
		m = &Memory{}
	}
	return Health{m, now}
}

const (
	young     = 2 * 24      // hours before which a stream has no norm
	firstWeek = 8 * 24      // hours before which a pause of a day is nothing
	twoWeeks  = 15 * 24     // hours from which the hour of the week counts
	sparse    = 12          // hours with records that a norm takes
	late      = 15 * 60     // seconds that exports are late: 740 were seen
	backlog   = hour + late // records that arrived within this are a backlog that is being read
)

// allowed is how many seconds a stream may be quiet, by the hours without records that are usual.
func allowed(usual int64) int64 { return max(3*usual, 1)*hour + hour + late }

// Of returns the state of a category; NotKnown for one that this program does not know.
func (h Health) Of(category string) Status {
	i := place(category)
	if i < 0 {
		return Status{Category: category, State: NotKnown}
	}
	st := h.of(&h.memory.streams[i])
	st.Category = category
	return st
}

// All returns the state of every category, in the order of Categories.
func (h Health) All() []Status {
	out := make([]Status, len(Categories))
	for i, category := range Categories {
		out[i] = h.Of(category)
	}
	return out
}

// Vault returns the state of one vault's log.
func (h Health) Vault(name string) Status {
	s := h.memory.vaults[name]
	if s == nil {
		s = &stream{}
	}
	st := h.of(s)
	st.Category, st.Vault = Vaults, name
	return st
}

func (h Health) of(s *stream) Status {
	st := Status{State: Flowing, Since: moment(s.last)}
	switch now := h.now.Unix(); {
	case !s.seen():
		st.State = NeverSeen
		return st
	case !s.hasNorm():
		st.State = NotKnown
	case now-s.arrived > backlog:
		n := s.norm(s.last / hour)
		if silent, calendar := n.silent(s.last, now); silent {
			st.State, st.Calendar = Silent, calendar
		}
	}
	st.Usual = time.Duration(s.norm(s.last/hour).longest) * time.Hour
	return st
}

// Flowing reports whether a category's records arrived all through a time: then what they do not show did not happen.
// Known is false when that cannot be said: the stream is young or sparse, the time is longer ago than is remembered or
// not yet begun, or the category is not known. A stream that was never seen, that began within the time or that was
// silent for a part of it did not flow.
func (h Health) Flowing(category string, from, to time.Time) (known, flowing bool) {
	if i := place(category); i >= 0 {
		return h.flowing(&h.memory.streams[i], from, to)
	}
	return false, false
}

// Begun returns the time of a category's first record; the zero time when there was none.
func (h Health) Begun(category string) time.Time {
	if i := place(category); i >= 0 {
		return moment(h.memory.streams[i].first)
	}
	return time.Time{}
}

// VaultFlowing is Flowing for one vault's log.
func (h Health) VaultFlowing(vault string, from, to time.Time) (known, flowing bool) {
	s := h.memory.vaults[vault]
	if s == nil {
		if len(h.memory.vaults) == maxVaults { // it may have been forgotten
			return false, false
		}
		s = &stream{}
	}
	return h.flowing(s, from, to)
}

func (h Health) flowing(s *stream, begin, end time.Time) (known, flowing bool) {
	from, to := begin.Unix(), min(end.Unix(), h.now.Unix())
	switch {
	case !s.seen():
		return true, false
	case from > to:
		return false, false
	case s.first > from+hour:
		return true, false
	case from/hour < s.begin() || !s.hasNorm():
		return false, false
	}
	for at := from; ; at = min(at+hour, to) {
		if s.wasSilent(at, h.now.Unix()) {
			return true, false
		}
		if at == to {
			return true, true
		}
	}
}

// wasSilent judges a moment as it is seen now, when all late records have come.
func (s *stream) wasSilent(at, now int64) bool {
	last, lastHour := s.last, s.last/hour
	if at < s.last {
		for lastHour = at / hour; !s.had(lastHour) && lastHour >= s.begin(); lastHour-- {
		}
		last = min(at, (lastHour+1)*hour) // somewhere in the hour
	} else if now-s.arrived <= backlog {
		return false
	}
	if lastHour < s.begin() {
		return false
	}
	n := s.norm(lastHour)
	silent, _ := n.silent(last, at)
	return silent
}
