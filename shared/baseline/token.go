package baseline

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"rekey/shared/event"
)

// Of each hour the tokens with the smallest hashes are remembered, and only of the newest hours: a token lives for an
// hour or so. A busy principal's row then changes a few times an hour and not with each batch; that a token of its own
// is used elsewhere shows without this, too (see score's tokenElsewhere), and only the sign-in cannot be named.
const (
	hourlyTokens = 4
	maxTokens    = 56
)

const tokenBytes = 24 // keyed hash 4, seconds since 2020 4, address 16

// Token is what is remembered of an issued token: enough to tell, when it is used, whether it is used elsewhere.
type Token struct {
	Hash uint32    // keyed hash of its id
	Time time.Time // of the sign-in, to the second
	From netip.Addr
}

// Issue remembers where the token of a successful sign-in was issued to, and counts the sign-in for its hour.
func (e *Evidence) Issue(s *event.Event, v *Values) {
	if !IsSignIn(s) || !s.SignIn.Succeeded() {
		return
	}
	e.identify(s, v)
	e.hours.hours.add(int(HourOf(s.Time)), v.id)
	if v.Token == 0 || !s.Caller.IsValid() {
		return
	}
	e.issue(Token{v.Token, s.Time.UTC().Truncate(time.Second), s.Caller})
}

// Hours returns the number of sign-ins by hour.
func (e *Evidence) Hours() *Hours { return &e.hours }

// Issued returns where the token of an event was issued to, and false when that is not known (any more).
func (e *Evidence) Issued(v *Values) (Token, bool) {
	i := slices.IndexFunc(e.tokens, func(t Token) bool { return t.Hash == v.Token })
	if v.Token == 0 || i < 0 {
		return Token{}, false
	}
	return e.tokens[i], true
}

func (e *Evidence) issue(t Token) {
	i, found := slices.BinarySearchFunc(e.tokens, t, newestToken)
	hour := HourOf(t.Time)
	if found || i == maxTokens || i >= hourlyTokens && HourOf(e.tokens[i-hourlyTokens].Time) == hour {
		return
	}
	if e.tokens == nil {
		e.tokens = make([]Token, 0, maxTokens+1)
	}
	e.tokens = slices.Insert(e.tokens, i, t)
	first := slices.IndexFunc(e.tokens, func(o Token) bool { return HourOf(o.Time) == hour })
	if last := first + hourlyTokens; last < len(e.tokens) && HourOf(e.tokens[last].Time) == hour {
		e.tokens = slices.Delete(e.tokens, last, last+1)
	}
	e.tokens = e.tokens[:min(len(e.tokens), maxTokens)]
}

func newestToken(a, b Token) int {
	return cmp.Or(cmp.Compare(HourOf(b.Time), HourOf(a.Time)), cmp.Compare(a.Hash, b.Hash), a.Time.Compare(b.Time), a.From.Compare(b.From))
}

func appendTokens(b []byte, tokens []Token) []byte {
	b = append(b, byte(len(tokens)))
	for _, t := range tokens {
		b = binary.LittleEndian.AppendUint32(b, t.Hash)
		b = binary.LittleEndian.AppendUint32(b, uint32(max(0, t.Time.Sub(epoch)/time.Second)))
		from := t.From.As16()
		b = append(b, from[:]...)
	}
	return b
}

func readTokens(r *reader) []Token {
	head := r.take(1)
	if r.bad || head[0] > maxTokens {
		r.bad = true
		return nil
	}
	body := r.take(int(head[0]) * tokenBytes)
	if r.bad {
		return nil
	}
	var e Evidence
	for i := range int(head[0]) {
		x := body[i*tokenBytes:]
		e.issue(Token{
			binary.LittleEndian.Uint32(x), epoch.Add(time.Duration(binary.LittleEndian.Uint32(x[4:])) * time.Second),
			netip.AddrFrom16([16]byte(x[8:24])).Unmap(),
		})
	}
	return e.tokens
}
