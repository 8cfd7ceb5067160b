package rival

import (
	"net/netip"
	"strings"

	"rekey/shared/event"
)

// property is one thing a record shows about how a principal acts.
type property uint8

const (
	address property = iota
	prefix           // the address's /24, or /48 of IPv6
	system           // autonomous system
	country
	hosting    // class of the network
	agent      // user agent or, where the record has none, the client library
	family     // agent without its version
	resource   // what the token is for
	credential // type of the credential
	key        // the very credential
	hour       // of the day, UTC
	properties
)

// sight is what a rival sees of one record: hashes of what it shows, 0 for what the record lacks.
type sight struct {
	hours   int64 // since 1970
	success bool
	values  [properties]uint64
}

func (s *sight) day() int32 { return int32(s.hours / 24) }

// look reduces a record to a sight; false when the record says nothing about how a workload identity acts. Sign-ins
// always do, calls to a vault, to Graph and to Azure when calls is set.
func look(e *event.Event, calls bool) (sight, bool) {
	if e.Principal.ObjectID == "" && e.Principal.AppID == "" {
		return sight{}, false
	}
	hours := e.Time.Unix() / 3600
	s := sight{hours: hours}
	switch {
	case e.Kind == event.KindSignIn, e.Kind == event.KindManagedIdentitySignIn:
		s.signIn(&e.SignIn)
	case calls && e.Kind == event.KindVaultAccess && e.Vault != nil:
		s.call(e.Vault.Status < 400, "vault", e.Vault.Vault, e.Vault.Client)
	case calls && e.Kind == event.KindGraphActivity && e.Graph != nil:
		s.call(e.Graph.Status < 400, "graph", "", e.Graph.UserAgent)
	case calls && e.Kind == event.KindAzureActivity && e.Azure != nil:
		s.call(e.Azure.Status != "Failure", "azure", "", "")
	default:
		return sight{}, false
	}
	s.values[hour] = uint64(hours%24) + 1
	s.caller(e)
	return s, true
}

func (s *sight) signIn(in *event.SignIn) {
	s.success = in.Succeeded()
	text := in.UserAgent
	if text == "" {
		text = in.ClientLibrary
	}
	s.agent(text)
	s.values[resource] = hash(in.ResourceID)
	s.values[credential] = hash(in.CredentialType)
	switch {
	case in.CredentialKeyID != "":
		s.values[key] = hash(in.CredentialKeyID)
	case in.Thumbprint != "":
		s.values[key] = hash(in.Thumbprint)
	default:
		s.values[key] = hash(in.FederatedID)
	}
}

func (s *sight) call(success bool, service, object, client string) {
	s.success = success
	s.agent(client)
	s.values[resource] = mix(hash(service), hash(object))
}

func (s *sight) agent(text string) {
	s.values[agent] = hash(text)
	s.values[family] = hash(familyOf(text))
}

func (s *sight) caller(e *event.Event) {
	s.values[address], s.values[prefix] = hashAddress(e.Caller)
	s.values[system] = uint64(e.Network.ASN)
	s.values[country] = hash(e.Network.Country)
	s.values[hosting] = uint64(e.Network.Hosting)
}

// familyOf cuts a user agent or a description of a library ("Family: MSAL Library: MSAL.NET 4.54 ...") before its
// version.
func familyOf(text string) string {
	if strings.HasPrefix(text, "Family: ") {
		_, text, _ = strings.Cut(text, "Library: ")
	}
	for i := range len(text) {
		if c := text[i]; i > 0 && (c == '/' || '0' <= c && c <= '9') {
			return strings.TrimRight(text[:i], " ")
		}
	}
	return text
}

func hashAddress(a netip.Addr) (whole, net uint64) {
	if !a.IsValid() {
		return 0, 0
	}
	b := a.As16()
	var high, low uint64
	for i := range 8 {
		high, low = high<<8|uint64(b[i]), low<<8|uint64(b[8+i])
	}
	whole = mix(high, low)
	if a.Is4() || a.Is4In6() {
		return whole, mix(high, low&^0xff)
	}
	return whole, mix(high&^0xffff, 1)
}
