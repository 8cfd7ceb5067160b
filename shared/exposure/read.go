package exposure

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"
	"time"

	"rekey/shared/baseline"
	"rekey/shared/event"
)

// maxVersions is how many versions of a secret a Read names: the last ones read. Somebody who reads old versions, too,
// wants what has been rotated already.
const maxVersions = 2

// Origin is where a caller is: his autonomous system or, where that is unknown, his network's prefix. The zero Origin is
// unknown.
type Origin struct {
	ASN    uint32
	Prefix netip.Prefix
}

// OriginOf returns the origin of an event's caller.
func OriginOf(e *event.Event) Origin {
	switch a := caller(e); {
	case e.Network.ASN != 0:
		return Origin{ASN: e.Network.ASN}
	case a.IsValid():
		return Origin{Prefix: baseline.NetworkPrefix(a)}
	}
	return Origin{}
}

// caller returns the caller's address in the one form that is stored.
func caller(e *event.Event) netip.Addr {
	a := e.Caller.Unmap().WithZone("")
	if a.IsUnspecified() {
		return netip.Addr{}
	}
	return a
}

// String returns the origin in words: "AS64511", "192.0.2.0/24", or "somewhere unknown".
func (o Origin) String() string {
	switch {
	case o.ASN != 0:
		return fmt.Sprint("AS", o.ASN)
	case o.Prefix.IsValid():
		return o.Prefix.String()
	}
	return "somewhere unknown"
}

func (o Origin) compare(p Origin) int {
	return cmp.Or(cmp.Compare(o.ASN, p.ASN), o.Prefix.Addr().Compare(p.Prefix.Addr()), cmp.Compare(o.Prefix.Bits(), p.Prefix.Bits()))
}

// Version is one version of a secret and the last hour of the day in which it was read. The zero Version is none.
type Version struct {
	ID   [16]byte
	Hour uint8
}

// String returns the version's id as Key Vault spells it, or "".
func (v Version) String() string {
	if v.ID == [16]byte{} {
		return ""
	}
	return hex.EncodeToString(v.ID[:])
}

// Read is what happened to one object from one origin on the newest day that anything did.
type Read struct {
	Class  Class
	Object string
	Origin Origin
	Day    baseline.Day
	Hours  uint32 // bit h: in the hour h of the day
	Ops    Ops
	From   netip.Addr // the last address, as far as hours tell
	fromAt uint8      // its hour
	Last   [maxVersions]Version
}

// newRead makes the Read of one fact.
func newRead(f *Fact, e *event.Event) Read {
	t := e.Time.UTC()
	hour := uint8(t.Hour())
	r := Read{Class: f.Class, Object: f.Object, Origin: OriginOf(e), Day: baseline.DayOf(t), Hours: 1 << hour, Ops: f.Op, From: caller(e)}
	if r.From.IsValid() {
		r.fromAt = hour
	}
	if id, err := hex.DecodeString(f.Version); err == nil && len(id) == len(r.Last[0].ID) {
		r.Last[0] = Version{[16]byte(id), hour}
	}
	return r
}

// First and End bound the time of the Read, to the hour.
func (r *Read) First() time.Time {
	return r.Day.Time().Add(time.Duration(bits.TrailingZeros32(r.Hours)) * time.Hour)
}

// End is the end of the last hour in which something happened.
func (r *Read) End() time.Time {
	return r.Day.Time().Add(time.Duration(bits.Len32(r.Hours)) * time.Hour)
}

// Versions returns the versions that were read, the last first.
func (r *Read) Versions() []string {
	var out []string
	for _, v := range r.Last {
		if s := v.String(); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// join adds another Read of the same object and origin: the newer day replaces the older one.
func (r *Read) join(s *Read) {
	switch {
	case s.Day > r.Day:
		*r = *s
		return
	case s.Day < r.Day:
		return
	}
	r.Hours |= s.Hours
	r.Ops |= s.Ops
	if cmp.Or(cmp.Compare(s.fromAt, r.fromAt), s.From.Compare(r.From)) > 0 {
		r.From, r.fromAt = s.From, s.fromAt
	}
	for _, v := range s.Last {
		r.version(v)
	}
}

// version keeps the versions of the latest hours, each once.
func (r *Read) version(v Version) {
	if v.ID == [16]byte{} {
		return
	}
	for i := range r.Last {
		at := &r.Last[i]
		if at.ID == v.ID {
			v.Hour = max(v.Hour, at.Hour)
			copy(r.Last[i:], r.Last[i+1:])
			r.Last[maxVersions-1] = Version{}
		}
	}
	for i := range r.Last {
		if v.before(r.Last[i]) {
			v, r.Last[i] = r.Last[i], v
		}
	}
}

// before is the order in which versions are kept: latest first, then by id; none comes last.
func (v Version) before(w Version) bool {
	switch {
	case w.ID == [16]byte{}:
		return v.ID != [16]byte{}
	case v.ID == [16]byte{}:
		return false
	case v.Hour != w.Hour:
		return v.Hour > w.Hour
	}
	return string(v.ID[:]) < string(w.ID[:])
}

// compare orders Reads by what they are about. Where the order of two acts matters (a vault is listed, then read) each
// operation has a Read of its own, with its own hours; of an object it does not.
func (r *Read) compare(s *Read) int {
	c := cmp.Or(cmp.Compare(r.Object, s.Object), r.Origin.compare(s.Origin))
	if c == 0 && r.Class != ClassObject {
		return cmp.Compare(r.Ops, s.Ops)
	}
	return c
}

// Vault returns the name of the vault that the Read is about, or "".
func (r *Read) Vault() string {
	switch r.Class {
	case ClassVault, ClassObject, ClassDenied:
		name, _, _ := strings.Cut(r.Object, "/")
		if !strings.Contains(name, " ") { // a refused Graph call has a space
			return name
		}
	}
	return ""
}

// older orders Reads by which falls out first: the older day, then the later key.
func (r *Read) older(s *Read) bool {
	if r.Day != s.Day {
		return r.Day < s.Day
	}
	return r.compare(s) > 0
}
