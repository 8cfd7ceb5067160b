package trail

import (
	"encoding/json"
	"slices"
	"time"

	"rekey/shared/fault"
	"rekey/shared/privilege"
)

// MaxBytes bounds an encoded Trail. A principal that is left alone has a few hundred bytes, a pipeline that changes
// applications every hour comes near.
const MaxBytes = 60 << 10

const trailVersion = 1

// form is how a Trail is written: JSON, because people look into state, too, with short names, because there are many.
type form struct {
	Version int         `json:"version"`
	By      []entryForm `json:"by,omitempty"`
	On      []entryForm `json:"on,omitempty"`
	MoreBy  bool        `json:"moreBy,omitempty"`
	MoreOn  bool        `json:"moreOn,omitempty"`
	Acts    []actForm   `json:"acts,omitempty"`
	Blocks  []blockForm `json:"blocks,omitempty"`
}

type entryForm struct {
	Act    Act            `json:"a"`
	Time   int64          `json:"t"` // Unix seconds
	Record string         `json:"r,omitempty"`
	Who    string         `json:"w,omitempty"` // the other one: target or actor
	Name   string         `json:"n,omitempty"`
	What   string         `json:"x,omitempty"`
	KeyID  string         `json:"k,omitempty"`
	Member string         `json:"m,omitempty"`
	Tier   privilege.Tier `json:"p,omitempty"`
}

type actForm struct {
	Act Act `json:"a"`
	Slot
}

type blockForm struct {
	Block int `json:"b"`
	Slot
}

func written(side Side, list []Entry) []entryForm {
	var out []entryForm
	for _, e := range list {
		f := entryForm{e.Act, e.Time.Unix(), e.Record, e.Target, e.TargetName, e.What, e.KeyID, e.Member, e.Tier}
		if side == On {
			f.Who, f.Name = e.Actor, e.ActorName
		}
		out = append(out, f)
	}
	return out
}

func (f *entryForm) entry(side Side) Entry {
	e := Entry{Act: f.Act, Time: time.Unix(f.Time, 0), Record: f.Record, What: f.What, KeyID: f.KeyID, Member: f.Member, Tier: f.Tier}
	if side == By {
		e.Target, e.TargetName = f.Who, f.Name
	} else {
		e.Actor, e.ActorName = f.Who, f.Name
	}
	return e.clean(side)
}

// AppendBinary appends the encoded trail to b: equal trails have equal bytes. An empty one has none but its version.
func (t *Trail) AppendBinary(b []byte) ([]byte, error) {
	f := form{Version: trailVersion, By: written(By, t.entries[By]), On: written(On, t.entries[On]), MoreBy: t.more[By], MoreOn: t.more[On]}
	for a, s := range t.acts {
		f.Acts = append(f.Acts, actForm{a, s})
	}
	slices.SortFunc(f.Acts, func(a, b actForm) int { return compare(a.Act, b.Act) })
	for i, s := range t.blocks {
		if s.Days != 0 {
			f.Blocks = append(f.Blocks, blockForm{i, s})
		}
	}
	out, err := json.Marshal(f)
	return append(b, out...), err
}

func compare(a, b Act) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// UnmarshalBinary replaces the trail by the encoded one. A newer version than this code knows is an error of kind
// fault.Denied: it must not be overwritten. Damage is an error of kind fault.Poison.
func (t *Trail) UnmarshalBinary(b []byte) error {
	var f form
	if err := json.Unmarshal(b, &f); err != nil {
		return fault.Errorf(fault.Poison, "decoding trail: %v", err)
	}
	if f.Version > trailVersion {
		return fault.Errorf(fault.Denied, "decoding trail: version %d is newer than this program's %d: upgrade it", f.Version, trailVersion)
	}
	*t = Trail{}
	for side, list := range [sides][]entryForm{By: f.By, On: f.On} {
		for i := range list {
			if e := list[i].entry(Side(side)); known(e.Act) {
				t.insert(Side(side), e)
			}
		}
	}
	t.more = [sides]bool{By: f.MoreBy, On: f.MoreOn}
	for _, a := range f.Acts {
		if known(a.Act) && a.valid() {
			t.act(a.Act, a.Slot)
		}
	}
	for _, x := range f.Blocks {
		if x.Block >= 0 && x.Block < len(t.blocks) && x.valid() {
			t.blocks[x.Block] = t.blocks[x.Block].join(x.Slot)
		}
	}
	return nil
}

func (s Slot) valid() bool { return s.Days&1 == 1 && s.First <= s.Last }
