package streams

import (
	"encoding/json"

	"rekey/shared/fault"
)

// version is that of the encoding. A newer one is neither read nor written.
const version = 1

// stored is a Memory as it is kept: names and not places, so that a new category moves none.
type stored struct {
	Version int                     `json:"v"`
	Streams map[string]storedStream `json:"streams,omitempty"`
	Vaults  map[string]storedStream `json:"vaults,omitempty"`
	Changed int64                   `json:"changed,omitempty"`
}

type storedStream struct {
	First   int64  `json:"first"`
	Last    int64  `json:"last"`
	Arrived int64  `json:"arrived"`
	Hours   []byte `json:"hours"`
}

// MarshalBinary returns the memory's encoding. Equal memories have equal bytes; the largest has less than 64 KiB.
func (m *Memory) MarshalBinary() ([]byte, error) {
	out := stored{Version: version, Streams: map[string]storedStream{}, Vaults: map[string]storedStream{}, Changed: m.changed}
	for i := range m.streams {
		if s := &m.streams[i]; s.seen() {
			out.Streams[Categories[i]] = s.stored()
		}
	}
	for name, s := range m.vaults {
		out.Vaults[name] = s.stored()
	}
	return json.Marshal(out)
}

func (s *stream) stored() storedStream { return storedStream{s.first, s.last, s.arrived, s.hours[:]} }

// UnmarshalBinary reads an encoding. Errors are of kind fault.Denied: such a row is not this program's to write.
func (m *Memory) UnmarshalBinary(data []byte) error {
	var in stored
	if err := json.Unmarshal(data, &in); err != nil {
		return fault.Errorf(fault.Denied, "decoding the memory of streams: %v", err)
	}
	if in.Version != version {
		return fault.Errorf(fault.Denied, "decoding the memory of streams: version %d, this program knows %d", in.Version, version)
	}
	*m = Memory{changed: max(0, in.Changed)}
	for i, category := range Categories {
		if x, ok := in.Streams[category]; ok {
			if err := m.streams[i].restore(x); err != nil {
				return err
			}
		}
	}
	for name, x := range in.Vaults {
		if len(name) == 0 || len(name) > maxVaultName {
			return fault.Errorf(fault.Denied, "decoding the memory of streams: a vault's name has %d bytes", len(name))
		}
		if err := m.vault(name).restore(x); err != nil {
			return err
		}
	}
	m.bound()
	return nil
}

// latest is the last second that is believed, in the year 9999.
const latest = 253402300799

func (s *stream) restore(x storedStream) error {
	if len(x.Hours) != len(s.hours) || x.First <= 0 || x.First > x.Last || x.Arrived < x.Last || x.Arrived > latest {
		return fault.Errorf(fault.Denied, "decoding the memory of streams: times %d, %d, %d and %d bytes of hours are none", x.First, x.Last, x.Arrived, len(x.Hours))
	}
	s.first, s.last, s.arrived = x.First, x.Last, x.Arrived
	copy(s.hours[:], x.Hours)
	return nil
}
