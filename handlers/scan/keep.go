package scan

import (
	"strings"

	"rekey/shared/event"
)

// keeper makes strings of a chunk the worker's own, each once: names, resources and user agents are the same in record
// after record. An intruder can make up as many as he likes, so it begins anew when it is full.
type keeper struct{ known map[string]string }

const keeperRoom = 1 << 15

func (k *keeper) keep(s *string) {
	if *s == "" {
		return
	}
	if own, ok := k.known[*s]; ok {
		*s = own
		return
	}
	if k.known == nil || len(k.known) == keeperRoom {
		k.known = map[string]string{}
	}
	own := strings.Clone(*s)
	k.known[own] = own
	*s = own
}

// event makes the strings of an event that a finding or a note may show the worker's own. Ids of records and tokens
// are not among them: they are different every time, and are cloned where they are kept.
func (k *keeper) event(e *event.Event) {
	s := &e.SignIn
	for _, p := range [...]*string{
		&e.Principal.ObjectID, &e.Principal.AppID, &e.Principal.Name, &e.Tenant, &e.Network.Country, &e.Network.ASName,
		&s.ResourceID, &s.ResourceName, &s.UserAgent, &s.ClientLibrary, &s.CredentialType, &s.CredentialKeyID,
	} {
		k.keep(p)
	}
}
