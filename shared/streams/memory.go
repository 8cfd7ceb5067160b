package streams

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"rekey/shared/event"
)

// Memory is what is remembered of all streams. It merges in any order. The zero Memory has seen nothing.
type Memory struct {
	streams [9]stream // by place in Categories
	vaults  map[string]*stream
	changed int64 // when a diagnostic setting was last written or deleted
}

// maxVaults bounds the vaults that are remembered: those with the newest records.
const maxVaults = 200

// maxVaultName bounds a vault's name; the service allows 24 characters.
const maxVaultName = 64

// Note adds a record that arrived. It keeps nothing of the event.
func (m *Memory) Note(e *event.Event, arrived time.Time) {
	if int(e.Kind) >= len(categories) || categories[e.Kind] < 0 {
		return
	}
	at, now := e.Time.Unix(), arrived.Unix()
	m.streams[categories[e.Kind]].note(at, now)
	switch {
	case e.Vault != nil && e.Vault.Vault != "" && at > 0:
		m.vault(e.Vault.Vault[:min(len(e.Vault.Vault), maxVaultName)]).note(at, now)
		m.bound()
	case e.Azure != nil && changesSettings(e.Azure):
		m.changed = max(m.changed, min(at, now))
	}
}

func changesSettings(a *event.AzureOperation) bool {
	_, what, ok := strings.Cut(a.Operation, "/diagnosticsettings/")
	return ok && (what == "write" || what == "delete") && (strings.EqualFold(a.Status, "Success") || strings.EqualFold(a.Status, "Succeeded"))
}

func (m *Memory) vault(name string) *stream {
	s := m.vaults[name]
	if s == nil {
		if m.vaults == nil {
			m.vaults = map[string]*stream{}
		}
		s = &stream{}
		m.vaults[strings.Clone(name)] = s
	}
	return s
}

// bound forgets the vaults that were quiet for longest.
func (m *Memory) bound() {
	for len(m.vaults) > maxVaults {
		delete(m.vaults, slices.MinFunc(m.vaultNames(), func(a, b string) int {
			return cmp.Or(cmp.Compare(m.vaults[a].last, m.vaults[b].last), cmp.Compare(a, b))
		}))
	}
}

func (m *Memory) vaultNames() []string { return slices.Sorted(maps.Keys(m.vaults)) }

// Merge adds what another memory knows, and leaves it as it is.
func (m *Memory) Merge(o *Memory) {
	for i := range m.streams {
		m.streams[i].merge(&o.streams[i])
	}
	for name, s := range o.vaults {
		m.vault(name).merge(s)
	}
	m.bound()
	m.changed = max(m.changed, o.changed)
}

// Empty reports whether nothing was ever seen.
func (m *Memory) Empty() bool { return m.Newest().IsZero() }

// Newest returns the time of the newest record of all; the zero time without one. Of files, it is the time to judge at.
func (m *Memory) Newest() time.Time {
	last := int64(0)
	for i := range m.streams {
		last = max(last, m.streams[i].last)
	}
	return moment(last)
}

func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
